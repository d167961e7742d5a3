import Glibc
import GloveboxCore
import GloveboxPlan

@testable import GloveboxJail
@testable import GloveboxLinux

/// The supervisor's end of the launcher's socket, with `player` in the launcher's place.
enum MessageTarget: FuzzTarget {
    static let name = "messages"

    /// The player; its input stands beside it, so one fuzzer at a time uses it.
    private static let launcher: String = {
        guard let player = unsafe getenv("GLOVEBOX_PLAYER") else { fatalError("GLOVEBOX_PLAYER is the player's path") }
        return unsafe String(cString: player)
    }()

    private static let profile: SeccompProfile = {
        do { return try ShippedProfiles.named("default") } catch { fatalError("\(error)") }
    }()

    /// A packet as the player's file has it.
    private static func packet(_ kind: UInt8, _ body: [UInt8] = [], descriptors: UInt8 = 0) -> [UInt8] {
        let count = UInt16(body.count + 1)
        return [UInt8(count & 0xff), UInt8(count >> 8), descriptors, kind] + body
    }

    static var seeds: [[UInt8]] {
        let staged = packet(JailMessage.staged, descriptors: 1)
        let ready = packet(JailMessage.ready, ReadbackTarget.account, descriptors: 1)
        let ended = packet(JailMessage.ended, [UInt8](repeating: 0, count: 28))
        return [
            packet(JailMessage.born, descriptors: 2) + staged + ready + ended, packet(JailMessage.expired),
            packet(JailMessage.failed, [1, 0, 0, 0, 22, 0, 0, 0]), packet(JailMessage.failed, []), [0, 0, 0],
            packet(JailMessage.ended, [UInt8](repeating: 0xff, count: 28)),
        ]
    }

    static func read(_ bytes: [UInt8]) {
        guard let file = unsafe fopen(launcher + ".input", "w") else { fatalError("no input file") }
        unsafe fwrite(bytes, 1, bytes.count, file)
        unsafe fclose(file)
        // An empty root and no control group: what is made for a jail costs more than what is tested.
        let specification = JailSpecification(root: .empty, arguments: ["/x"], profile: profile)
        let layout = ControlGroupLayout(kind: .none, parents: [:])
        do { _ = try JailRun(launcher: launcher, layout: layout).run(specification) } catch {
            precondition(error.code.hasPrefix("jail."), "\(error)")
        }
    }
}
