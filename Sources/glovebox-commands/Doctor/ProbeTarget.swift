/// What a probe needs to know of the host to attack it.
struct ProbeTarget: Sendable {
    /// Process id of `glovebox doctor` itself.
    let process: Int
    /// A directory the probe may write.
    let scratch: String
    /// Name of an abstract socket on which `glovebox doctor` listens.
    let socket: String
}
