import Glibc
import GloveboxCore
import GloveboxJail
import GloveboxLinux
import Testing

/// The compiled filters, run by a machine of our own.
@Suite struct SeccompFilterTests {
    @Test(arguments: ShippedProfiles.names)
    func `the compiled filter decides as the rules say, on random calls`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        let machine = SeccompMachine(try profile.compiledAnew())
        let model = SeccompModel(profile)
        var numbers = SeededNumbers(seed: 0x676c_6f76_6562_6f78)
        let inputs = Inputs(profile)
        var wrong = 0
        var seen: [SeccompModel.Decision: Int] = [:]
        for _ in 0..<60_000 {
            let input = inputs.random(&numbers)
            let decision = model.decision(input)
            seen[decision, default: 0] += 1
            if machine.answer(input) != decision.rawValue || model.isAllowed(input) && model.isRefused(input) {
                wrong += 1
                if wrong < 5 {
                    let answer = machine.answer(input).map { String($0, radix: 16) } ?? "a fault"
                    Issue.record("\(input) should be \(decision), not \(answer)")
                }
            }
        }
        #expect(wrong == 0)
        #expect(seen[.allow, default: 0] > 1000 && seen[.kill, default: 0] > 1000)
        #expect(seen[.unknown, default: 0] > 1000 || profile.kills)
        #expect(seen[.tell, default: 0] > 1000 || !profile.notifies)
    }

    /// Random calls, biased to what the rules name.
    private struct Inputs {
        private let known: [UInt32]
        private let bound: [(UInt32, SeccompRule)]

        init(_ profile: SeccompProfile) {
            let rules = profile.allowed + profile.refused
            known = rules.flatMap { $0.calls.compactMap { profile.number(of: $0).map(UInt32.init) } }
            bound = rules.filter { !$0.conditions.isEmpty }.flatMap { rule in
                rule.calls.compactMap { call in profile.number(of: call).map { (UInt32($0), rule) } }
            }
        }

        func random(_ numbers: inout SeededNumbers) -> SeccompInput {
            var input = SeccompInput(number: 0)
            let arguments = (0..<6).map { _ in argument([], &numbers) }
            input.arguments = arguments
            switch UInt32.random(in: 0..<16, using: &numbers) {
            case 0: input.number = .random(in: 0..<600, using: &numbers)
            case 1:
                let odd: [UInt32] = [.random(in: 0 ... .max, using: &numbers), .max, 0x3fff_ffff, 0x8000_0000]
                input.number = odd.randomElement(using: &numbers) ?? 0
            case 2: input.number = (known.randomElement(using: &numbers) ?? 0) | 0x4000_0000
            case 3..<6: input.number = known.randomElement(using: &numbers) ?? 0
            default:
                guard let (number, rule) = bound.randomElement(using: &numbers) else { break }
                input.number = number
                for condition in rule.conditions {
                    input.arguments[Int(condition.argument)] = argument(rule.numbers, &numbers)
                }
            }
            if UInt32.random(in: 0..<32, using: &numbers) == 0 {
                input.architecture = [0x4000_0003, 0xc000_00b7, 0x3e, 0, .max].randomElement(using: &numbers) ?? 0
            }
            return input
        }

        private func argument(_ near: [UInt64], _ numbers: inout SeededNumbers) -> UInt64 {
            let base = near.randomElement(using: &numbers) ?? .random(in: 0..<64, using: &numbers)
            return switch UInt32.random(in: 0..<10, using: &numbers) {
            case 0..<3: base
            case 3: base | .random(in: 1 ... .max, using: &numbers) << 32
            case 4: base ^ (UInt64(1) << UInt64.random(in: 0..<64, using: &numbers))
            case 5: base &+ 1
            case 6: base &- 1
            case 7: base | (near.randomElement(using: &numbers) ?? 0)
            case 8: UInt64(bitPattern: Int64(Int32(truncatingIfNeeded: base)))
            default: .random(in: 0 ... .max, using: &numbers)
            }
        }
    }

    @Test(arguments: ShippedProfiles.names)
    func `other architectures and x32 are killed, and a number no one knows is ENOSYS, or killed for the checker`(
        name: String
    ) throws {
        let profile = try ShippedProfiles.named(name)
        let machine = SeccompMachine(try profile.compiled())
        let otherwise: UInt32 = name == "checker" ? 0x8000_0000 : 0x0005_0026
        #expect(profile.kills == (name == "checker"))
        for number in UInt32(0)..<600 {
            for architecture: UInt32 in [0x4000_0003, 0xc000_00b7, 0x4000_0028, 0xc000_0015, 0xc000_00f3] {
                #expect(machine.answer(SeccompInput(architecture: architecture, number: number)) == 0x8000_0000)
            }
            #expect(machine.answer(SeccompInput(number: number | 0x4000_0000)) == 0x8000_0000)
        }
        for number in UInt32(470)..<2000 { #expect(machine.answer(SeccompInput(number: number)) == otherwise) }
        #expect(machine.answer(SeccompInput(number: 435)) == otherwise || name == "strict", "clone3")
    }

    @Test(arguments: ShippedProfiles.names)
    func `every rule, call and value changes what the filter decides`(name: String) throws {
        let profile = try ShippedProfiles.named(name)
        let whole = SeccompMachine(try profile.compiledAnew())
        for list in [\SeccompProfile.allowed, \SeccompProfile.refused] {
            for (index, rule) in profile[keyPath: list].enumerated() {
                for (place, call) in rule.calls.enumerated() {
                    var less = profile
                    less[keyPath: list][index].calls.remove(at: place)
                    var input = SeccompInput(number: UInt32(try #require(profile.number(of: call))))
                    input.arguments = rule.witness
                    let without = SeccompMachine(try less.compiledAnew())
                    #expect(without.answer(input) != whole.answer(input), "\(rule.name): \(call)")
                }
                for (place, condition) in rule.conditions.enumerated() {
                    for (value, test) in Self.smaller(condition.test) {
                        var less = profile
                        less[keyPath: list][index].conditions[place].test = test
                        var input = SeccompInput(number: UInt32(try #require(profile.number(of: rule.calls[0]))))
                        input.arguments = rule.witness
                        input.arguments[Int(condition.argument)] = value.number
                        let without = SeccompMachine(try less.compiledAnew())
                        #expect(without.answer(input) != whole.answer(input), "\(rule.name): \(value.name)")
                    }
                }
            }
        }
    }

    /// The test without one of its values, for each value.
    private static func smaller(
        _ test: SeccompCondition.Test
    ) -> [(SeccompCondition.Value, SeccompCondition.Test)] {
        switch test {
        case .oneOf(let values, let mask) where values.count > 1:
            values.map { value in (value, .oneOf(values.filter { $0 != value }, mask: mask)) }
        case .any(let flags) where flags.count > 1:
            flags.map { flag in (flag, .any(flags.filter { $0 != flag })) }
        default: []
        }
    }

    @Test func `every call of the running kernel and its headers stands in the default profile`() throws {
        let profile = try ShippedProfiles.named("default")
        let mentioned = Set((profile.allowed + profile.refused + profile.unknown).flatMap(\.calls))
        let headers = ["/usr/include/x86_64-linux-gnu/asm/unistd_64.h", "/usr/include/asm/unistd_64.h"]
        var missing: Set<String> = []
        for header in headers where unsafe access(header, R_OK) == 0 {
            for line in try Kernel.readText(header).split(separator: "\n") where line.hasPrefix("#define __NR_") {
                missing.insert(String(line.dropFirst(13).prefix { $0 != " " }))
            }
        }
        let symbols = try Descriptor.open("/proc/kallsyms", O_RDONLY).readAll(limit: 64 << 20)
        for line in String(decoding: symbols, as: UTF8.self).split(separator: "\n") {
            guard let place = line.firstRange(of: " __x64_sys_") else { continue }
            let name = String(line[place.upperBound...])
            if !KernelNames.isOther(name) { missing.insert(KernelNames.usual[name] ?? name) }
        }
        #expect(missing.count > 300)
        missing.subtract(mentioned)
        #expect(missing.isEmpty, "new calls: \(missing.sorted())")
    }

    /// `glovebox jail filter NAME --anew >Policies/seccomp/NAME.bpf` makes the file after a change of the rules.
    @Test(arguments: ShippedProfiles.names)
    func `what stands beside a profile is what libseccomp makes of it, and changed rules are compiled anew`(
        name: String
    ) throws {
        let profile = try ShippedProfiles.named(name)
        #expect(try profile.compiled() == profile.compiledAnew())
        var less = profile
        less.allowed.removeLast()
        #expect(try less.compiled() != profile.compiled())
    }
}

/// Names the kernel's symbols give to calls that go by another name, or that x86_64 programs cannot make.
private enum KernelNames {
    static let usual = [
        "newstat": "stat", "newlstat": "lstat", "newfstat": "fstat", "newuname": "uname", "sendfile64": "sendfile",
        "umount": "umount2",
    ]

    private static let others: Set<String> = [
        "fadvise64_64", "fstatfs64", "statfs64", "gethostname", "ipc", "llseek", "mmap_pgoff", "ni_syscall", "nice",
        "oldumount", "olduname", "recv", "rtas", "send", "sgetmask", "signal", "sigpending", "sigprocmask",
        "sigsuspend", "socketcall", "ssetmask", "stime", "subpage_prot", "sync_file_range2", "vm86", "vm86old",
        "waitpid", "futex_time32", "uselib32",
    ]
    private static let endings = ["16", "32", "_time32", ".cold"]
    private static let beginnings = ["ia32_", "old_", "s390_", "pciconfig_", "spu_", "riscv_", "arm64_", "compat_"]

    static func isOther(_ name: String) -> Bool {
        others.contains(name) || endings.contains { name.hasSuffix($0) } || beginnings.contains { name.hasPrefix($0) }
    }
}
