internal import CGloveboxLinux

/// The user and group under which this thread touches files.
package struct FileIdentity: Sendable {
    /// The id on the host; user and group are the same number.
    package let id: UInt32?

    /// An identity; nil leaves the thread as it is.
    package init(id: UInt32?) { self.id = id }

    /// Runs `body` under this identity.
    ///
    /// It must not change threads.
    ///
    /// A tmpfs of the jail knows only the ids of the jail's user namespace: root itself could make no file in it.
    package func perform<Result, Failure: Error>(_ body: () throws(Failure) -> Result) throws(Failure) -> Result {
        guard let id else { return try body() }
        let group = Kernel.call(SYS_setfsgid, Int(id))
        let user = Kernel.call(SYS_setfsuid, Int(id))
        defer {
            _ = Kernel.call(SYS_setfsuid, user)
            _ = Kernel.call(SYS_setfsgid, group)
        }
        return try body()
    }
}
