internal import Foundation
internal import GloveboxCore
internal import GloveboxLink
internal import GloveboxLinux
internal import Synchronization

/// Looks, while a program runs, for the site's word that it shall end, and for the end of the site.
final class LinkWatch: Sendable {
    private struct State {
        var isRunning = false
        var isLost = false
    }

    /// Becomes readable when the jail shall end.
    let cancel: Descriptor
    private let bell: Descriptor
    private let stop: (read: Descriptor, write: Descriptor)
    private let link: LinkSocket
    private let state = Mutex(State())
    private let done = DispatchSemaphore(value: 0)

    init(_ link: LinkSocket) throws(GloveboxError) {
        self.link = link
        do throws(SyscallError) {
            let pipe = try Descriptor.pipe()
            (cancel, bell) = (pipe.read, pipe.write)
            stop = try Descriptor.pipe()
        } catch { throw error.coded("jail.launcher") }
    }

    /// Whether the site is gone, or says what has no place.
    var isLost: Bool { state.withLock { $0.isLost } }

    /// Begins to look; until then the thread that runs the jail reads what the site says.
    func start() {
        state.withLock { $0.isRunning = true }
        let thread = Thread { self.look() }
        thread.name = "watch"
        thread.start()
    }

    /// Ends the jail for a site that is gone.
    func giveUp() {
        state.withLock { $0.isLost = true }
        ring()
    }

    /// Ends the looking, and waits until nobody reads any more.
    func end() {
        let isRunning = state.withLock { state in
            defer { state.isRunning = false }
            return state.isRunning
        }
        guard isRunning else { return }
        do { try stop.write.write([0]) } catch {}
        done.wait()
    }

    private func look() {
        defer { done.signal() }
        do throws(GloveboxError) {
            while true {
                switch try link.wait(beside: stop.read) {
                case .interrupted: return
                case .closed, .late: return giveUp()
                case .frame(let frame):
                    guard case .cancel = try NodeMessage(frame) else { return giveUp() }
                    ring()
                }
            }
        } catch { giveUp() }
    }

    private func ring() { do { try bell.write([0]) } catch {} }
}
