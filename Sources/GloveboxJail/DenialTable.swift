internal import CGloveboxLinux
internal import Glibc
internal import GloveboxLinux

/// What a program was refused, counted by kind in a table of fixed size.
struct DenialTable {
    private let profile: SeccompProfile
    private(set) var list: [JailResult.Denied] = []
    private(set) var suppressed: UInt64 = 0
    private var total = 0
    private var started: UInt64 = 0
    private var nextAnswer: UInt64 = 0

    private static let mostKinds = 64
    /// Answers given at full speed; after them one a millisecond, so that a program that asks in a loop spends its own
    /// time and not the supervisor's.
    private static let freeAnswers = 10_000

    init(profile: SeccompProfile) { self.profile = profile }

    /// The program starts now.
    mutating func start() { started = SystemClock.monotonicMilliseconds }

    /// Milliseconds until the next call may be answered; 0 means now.
    var pause: Int32 {
        guard total > Self.freeAnswers else { return 0 }
        let now = SystemClock.monotonicMilliseconds
        return now < nextAnswer ? Int32(clamping: nextAnswer - now) : 0
    }

    /// Takes and refuses one call that waits; false when the listener has nothing more to tell.
    mutating func take(from listener: Int32) -> Bool {
        var id: UInt64 = 0
        var pid: UInt32 = 0
        var number: Int32 = 0
        var arguments = [UInt64](repeating: 0, count: 6)
        let taken = unsafe glx_notification_take(listener, &id, &pid, &number, &arguments)
        if taken == -ENOENT || taken == -EINTR { return true }  // the caller died meanwhile
        guard taken == 0 else { return false }
        _ = glx_notification_refuse(listener, id, EPERM)
        total += 1
        if total > Self.freeAnswers { nextAnswer = SystemClock.monotonicMilliseconds + 1 }
        note(number, arguments)
        return true
    }

    /// Counts one refused call; number and arguments are the program's own.
    mutating func note(_ number: Int32, _ arguments: [UInt64]) {
        let call = profile.name(of: number)
        note(call, Self.describe(call, arguments))
    }

    private mutating func note(_ call: String, _ argument: String) {
        if let index = list.firstIndex(where: { $0.call == call && $0.argument == argument }) {
            list[index].count = list[index].count == .max ? .max : list[index].count + 1
        } else if list.count < Self.mostKinds {
            let rule = profile.rule(refusing: call)?.name ?? "unknown"
            let first = (SystemClock.monotonicMilliseconds - started) / 100
            list.append(JailResult.Denied(call: call, argument: argument, rule: rule, count: 1, first: first))
        } else {
            suppressed += 1
        }
    }

    /// The class of the telling argument; never a value the program could speak through freely.
    private static func describe(_ call: String, _ arguments: [UInt64]) -> String {
        guard call == "socket" || call == "socketpair" else { return "" }
        return switch UInt32(truncatingIfNeeded: arguments[0]) {
        case 2: "AF_INET"
        case 10: "AF_INET6"
        case 16: "AF_NETLINK"
        case 17: "AF_PACKET"
        case 38: "AF_ALG"
        case 40: "AF_VSOCK"
        default: "other family"
        }
    }
}
