internal import Glibc
internal import Synchronization

/// One thread for blocking work: it sleeps until woken, works, and sleeps again.
package final class BackgroundThread: Sendable {
    private final class Start: Sendable {
        let wakeUps: Descriptor
        let work: @Sendable () -> Void

        init(wakeUps: Descriptor, work: @escaping @Sendable () -> Void) {
            self.wakeUps = wakeUps
            self.work = work
        }

        /// Works once for any number of wake-ups that came since; ends when the other end of the pipe is closed.
        func run() {
            while true {
                do { if try wakeUps.read(upTo: 64).isEmpty { return } } catch { return }
                work()
            }
        }
    }

    private let bell: Mutex<Descriptor?>
    private let thread: pthread_t

    /// Starts the thread.
    package init(work: @escaping @Sendable () -> Void) throws(SyscallError) {
        let (wakeUps, bell) = try Descriptor.pipe()
        try bell.setNonBlocking()  // a full pipe means that a wake-up is already waiting
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
            throw SyscallError("pthread_create", code)
        }
        self.bell = Mutex(bell)
        self.thread = thread
    }

    /// Asks for work; returns at once.
    package func wake() {
        bell.withLock { bell in
            do { try bell?.write([0]) } catch {}  // EAGAIN: it will wake up anyway
        }
    }

    /// Lets running work finish and ends the thread.
    package func stop() {
        let wasRunning = bell.withLock { bell in
            defer { bell = nil }
            return bell != nil
        }
        if wasRunning { _ = pthread_join(thread, nil) }
    }

    deinit { stop() }
}
