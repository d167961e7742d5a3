internal import CGloveboxLinux
internal import CSeccomp
internal import Glibc

/// A seccomp program under construction.
///
/// Source: libseccomp 2.5; the result is classic BPF for x86_64 that kills on any other architecture.
@safe package final class SeccompFilter {
    /// What happens to a call.
    package enum Action: Sendable {
        case allow
        /// Refused with this error number.
        case error(Int32)
        /// Handed to the supervisor, which refuses it and takes note.
        case notify
        /// The end of the process that makes it.
        case kill

        fileprivate var value: UInt32 {
            switch self {
            case .allow: 0x7fff_0000
            case .error(let number): 0x0005_0000 | UInt32(number) & 0xffff
            case .notify: 0x7fc0_0000
            case .kill: 0x8000_0000
            }
        }
    }

    /// A condition on one argument.
    package struct Condition: Sendable, Hashable {
        /// How to compare.
        package enum Comparison: Sendable {
            case equal
            case notEqual
            /// `argument & mask == value`
            case masked
        }

        /// Number of the argument, from 0.
        package let argument: UInt32
        package let comparison: Comparison
        package let value: UInt64
        package let mask: UInt64

        /// Makes a condition.
        package init(argument: UInt32, comparison: Comparison, value: UInt64, mask: UInt64 = .max) {
            self.argument = argument
            self.comparison = comparison
            self.value = value
            self.mask = mask
        }
    }

    private let context: scmp_filter_ctx

    /// Starts a filter; calls without a rule get `unknown`.
    package init(unknown: Action) throws(SyscallError) {
        guard let context = unsafe seccomp_init(unknown.value) else { throw SyscallError("seccomp_init", ENOMEM) }
        unsafe self.context = unsafe context
        // Kill the process on a foreign architecture, x32 among them. A binary tree, since the list is long; in it
        // priorities of calls mean nothing, and the kernel (5.11) remembers calls that are allowed whatever their
        // arguments and runs no filter for them.
        let settings: [(scmp_filter_attr, UInt32)] = [
            (SCMP_FLTATR_ACT_BADARCH, 0x8000_0000), (SCMP_FLTATR_CTL_OPTIMIZE, 2),
        ]
        for (attribute, value) in settings {
            let set = unsafe seccomp_attr_set(context, attribute, value)
            guard set == 0 else { throw SyscallError("seccomp_attr_set", -set) }
        }
    }

    deinit { unsafe seccomp_release(context) }

    /// Number of a call by name on this architecture; nil when libseccomp does not know it here.
    package static func number(of name: String) -> Int32? {
        let number = unsafe seccomp_syscall_resolve_name(name)
        return number >= 0 ? number : nil
    }

    /// Name of a call by number.
    package static func name(of number: Int32) -> String {
        guard let name = unsafe seccomp_syscall_resolve_num_arch(0xc000_003e, number) else { return "call-\(number)" }
        defer { unsafe free(name) }
        return unsafe String(cString: name)
    }

    /// Adds a rule: `action` when every condition holds.
    package func add(_ action: Action, call: Int32, when conditions: [Condition]) throws(SyscallError) {
        var comparisons: [scmp_arg_cmp] = []
        for condition in conditions {
            let masked = condition.comparison == .masked
            comparisons.append(
                scmp_arg_cmp(
                    arg: condition.argument,
                    op: masked ? SCMP_CMP_MASKED_EQ : condition.comparison == .equal ? SCMP_CMP_EQ : SCMP_CMP_NE,
                    datum_a: masked ? condition.mask : condition.value,
                    datum_b: masked ? condition.value : 0
                )
            )
        }
        let count = UInt32(comparisons.count)
        let added = unsafe seccomp_rule_add_array(context, action.value, call, count, comparisons)
        guard added == 0 else { throw SyscallError("seccomp_rule_add", -added, Self.name(of: call)) }
    }

    /// The compiled program.
    package func compiled() throws(SyscallError) -> [UInt8] {
        let made = Kernel.withPath("filter") { Kernel.call(SYS_memfd_create, $0, 1) }
        let file = Descriptor(owning: Int32(try Kernel.value(made, "memfd_create")))
        let exported = unsafe seccomp_export_bpf(context, file.raw)
        guard exported == 0 else { throw SyscallError("seccomp_export_bpf", -exported) }
        _ = try Kernel.value(Kernel.call(SYS_lseek, Int(file.raw), 0, 0), "lseek")
        return try file.readAll(limit: 1 << 20)
    }
}
