internal import Glibc
internal import GloveboxCore
internal import Synchronization

/// One thread for blocking work: it sleeps until woken, works, and sleeps again.
final class BackgroundThread: Sendable {
    private final class Start: Sendable {
        let wakeUps: OwnedFile
        let work: @Sendable () -> Void

        init(wakeUps: OwnedFile, work: @escaping @Sendable () -> Void) {
            self.wakeUps = wakeUps
            self.work = work
        }

        /// Works once for any number of wake-ups that came since; ends when the other end of the pipe is closed.
        func run() {
            while true {
                let got = unsafe withUnsafeTemporaryAllocation(byteCount: 64, alignment: 1) {
                    unsafe read(wakeUps.descriptor, $0.baseAddress, $0.count)
                }
                if got > 0 {
                    work()
                } else if got == 0 || errno != EINTR {
                    return
                }
            }
        }
    }

    private let bell: Mutex<OwnedFile?>
    private let thread: pthread_t

    /// Starts the thread.
    ///
    /// - Throws: `store.io`.
    init(work: @escaping @Sendable () -> Void) throws(GloveboxError) {
        var ends: [Int32] = [-1, -1]
        guard unsafe pipe(&ends) == 0 else { throw SystemCall.failure("pipe", "publisher", errno) }
        let wakeUps = OwnedFile(adopting: ends[0], path: "publisher")
        let bell = OwnedFile(adopting: ends[1], path: "publisher")
        try SystemCall.retry("fcntl", "publisher") { fcntl(ends[0], F_SETFD, FD_CLOEXEC) }
        try SystemCall.retry("fcntl", "publisher") { fcntl(ends[1], F_SETFD, FD_CLOEXEC) }
        // A full pipe means that a wake-up is already waiting.
        try SystemCall.retry("fcntl", "publisher") { fcntl(ends[1], F_SETFL, O_NONBLOCK) }
        let start = unsafe Unmanaged.passRetained(Start(wakeUps: wakeUps, work: work))
        var thread = pthread_t()
        let code = unsafe pthread_create(
            &thread,
            nil,
            { argument in
                if let argument = unsafe argument {
                    unsafe Unmanaged<Start>.fromOpaque(argument).takeRetainedValue().run()
                }
                return nil
            },
            start.toOpaque()
        )
        guard code == 0 else {
            unsafe start.release()
            throw SystemCall.failure("pthread_create", "publisher", code)
        }
        self.bell = Mutex(bell)
        self.thread = thread
    }

    /// Asks for work; returns at once.
    func wake() {
        bell.withLock { bell in
            guard let bell else { return }
            let byte: [UInt8] = [0]
            _ = unsafe byte.withUnsafeBytes { unsafe write(bell.descriptor, $0.baseAddress, 1) }
        }
    }

    /// Lets running work finish and ends the thread.
    func stop() {
        let wasRunning = bell.withLock { bell in
            defer { bell = nil }
            return bell != nil
        }
        if wasRunning { _ = pthread_join(thread, nil) }
    }

    deinit { stop() }
}
