import CGloveboxLinux
import GloveboxPlanEmbedded

/// The process that becomes the researcher's program.
struct Workload {
    let plan: JailPlan
    let control: Control
    /// The socket to the launcher, which learns by its end that the program's time begins.
    let launcher: Control
    /// Where init says that it has given up its privileges.
    let locked: Int
    /// The host's `/proc`.
    let processes: Int

    /// Numbers for descriptors that must survive until exec and not longer.
    private enum Kept {
        static let processes = 96
        static let launcher = 97
        static let locked = 98
        static let program = 99
        static let control = 100
    }

    func run() -> Never {
        control.check(call(SYS_setsid), .workload)
        _ = call(SYS_umask, 0o077)
        let id = Int(plan.workloadID)
        control.check(call(SYS_setresgid, id, id, id), .identity)
        control.check(call(SYS_setresuid, id, id, id), .identity)
        control.check(dropCapabilities(), .capabilities)
        for limit in plan.limits {
            var value: (UInt64, UInt64) = (limit.value, limit.value)
            let set = unsafe withUnsafeMutablePointer(to: &value) {
                call(SYS_prlimit64, 0, Int(limit.resource), Int(bitPattern: $0))
            }
            control.check(set, .limits)
        }
        let isFixed = plan.options.contains(.fixedAddresses)
        if isFixed { control.check(call(SYS_personality, Kernel.fixedAddresses), .limits) }
        let personality = isFixed ? call(SYS_personality, Kernel.askPersonality) : 0
        control.check(withText(plan.directory) { call(SYS_chdir, $0) }, .directory)
        checkDirectory()
        let control = arrangeDescriptors()
        var account = Account(processes: Kept.processes, control: control)
        let landlock = Landlock()
        if plan.options.contains(.landlock) {
            let program = plan.options.contains(.programByDescriptor) ? Kept.program : nil
            control.check(landlock.restrict(writable: plan.writable, program: program), .landlock)
        }
        let program = plan.options.contains(.showProgram) ? openProgram() : nil
        let listener = Int(unsafe glx_seccomp_load(plan.filter, plan.filter.count, filterFlags))
        control.check(listener, .filter)
        account.add(.dumpable, decimal(UInt64(awaitLocked())))
        account.read()
        if plan.options.contains(.landlock) { account.add(.landlock, decimal(UInt64(landlock.version))) }
        if isFixed { account.add(.personality, decimal(UInt64(max(0, personality)))) }
        var shown = plan.options.contains(.notify) ? [Int32(listener)] : []
        if plan.options.contains(.showProgram), let program {
            account.add(.program, program.path)
            shown.append(Int32(program.file))
        }
        control.check(control.send(JailMessage.ready, account.body, descriptors: shown), .readback)
        for file in shown { close(Int(file)) }
        guard control.expect(JailMessage.execute) else { leave(125) }
        // From here on the program's time runs, whether exec succeeds or not.
        close(Kept.launcher)
        execute(control)
    }

    private var filterFlags: UInt32 {
        plan.options.contains(.notify) ? UInt32(SECCOMP_FILTER_FLAG_NEW_LISTENER) : 0
    }

    /// The working directory must lie inside the root: a leaked outside directory shows as `(unreachable)`.
    private func checkDirectory() {
        var path = [UInt8](repeating: 0, count: 4096)
        let length = unsafe path.withUnsafeMutableBufferPointer {
            call(SYS_getcwd, Int(bitPattern: $0.baseAddress), $0.count)
        }
        if length < 0 || path[0] != UInt8(ascii: "/") { control.fail(JailFault.directory.rawValue, -2) }
    }

    /// Leaves 0, 1, 2 and the plan's descriptors from 3 on; all else is closed now or at exec.
    private func arrangeDescriptors() -> Control {
        control.check(call(SYS_dup3, Int(control.descriptor), Kept.control, Int(O_CLOEXEC)), .workload)
        let kept = Control(descriptor: Int32(Kept.control))
        kept.check(call(SYS_dup3, Int(launcher.descriptor), Kept.launcher, Int(O_CLOEXEC)), .workload)
        kept.check(call(SYS_dup3, locked, Kept.locked, Int(O_CLOEXEC)), .workload)
        kept.check(call(SYS_dup3, processes, Kept.processes, Int(O_CLOEXEC)), .workload)
        if plan.options.contains(.programByDescriptor) {
            kept.check(call(SYS_dup3, Int(plan.programDescriptor), Kept.program, Int(O_CLOEXEC)), .workload)
        }
        for (index, descriptor) in plan.descriptors.enumerated() {
            kept.check(call(SYS_dup3, Int(descriptor), 101 + index, Int(O_CLOEXEC)), .workload)
        }
        let inputs = plan.options.contains(.standardInput) ? 1 : 0
        for index in 0..<plan.descriptors.count {
            kept.check(call(SYS_dup3, 101 + index, index < inputs ? 0 : 3 + index - inputs), .workload)
        }
        kept.check(call(SYS_close_range, 3 + plan.descriptors.count - inputs, Kept.processes - 1), .workload)
        kept.check(call(SYS_close_range, Kept.control + 1, Int(UInt32.max)), .workload)
        return kept
    }

    /// Waits until init has given up its privileges; whether init can be looked into.
    private func awaitLocked() -> UInt8 {
        var byte: UInt8 = 0
        let read = unsafe withUnsafeMutablePointer(to: &byte) { call(SYS_read, Kept.locked, Int(bitPattern: $0), 1) }
        guard read == 1 else { leave(125) }
        close(Kept.locked)
        return byte
    }

    /// The file that exec will take: the first of the paths that can be executed.
    private func openProgram() -> (path: [UInt8], file: Int)? {
        for path in plan.programs {
            if withText(path, { call(SYS_faccessat, Int(AT_FDCWD), $0, 1) }) != 0 { continue }  // X_OK
            let file = open(path, O_RDONLY)
            return file < 0 ? nil : (path, file)
        }
        return nil
    }

    private func execute(_ control: Control) -> Never {
        let arguments = Vector(plan.arguments)
        let environment = Vector(plan.environment)
        var failed = -2
        if plan.options.contains(.programByDescriptor) {
            failed = call(
                SYS_execveat,
                Kept.program,
                address("\0"),
                arguments.address,
                environment.address,
                Int(AT_EMPTY_PATH)
            )
        }
        for program in plan.programs {
            let error = withText(program) { call(SYS_execve, $0, arguments.address, environment.address) }
            if error != -2 && error != -20 { failed = error }  // as a shell: what exists and fails is the answer
        }
        control.fail(JailFault.execute.rawValue, failed)
    }
}

/// A NULL-ended vector of C strings that is never freed: exec takes it away.
struct Vector {
    /// Its address.
    let address: Int

    init(_ strings: [[UInt8]]) {
        let vector = UnsafeMutablePointer<Int>.allocate(capacity: strings.count + 1)
        for (index, string) in strings.enumerated() {
            let text = UnsafeMutablePointer<UInt8>.allocate(capacity: string.count + 1)
            for (offset, byte) in string.enumerated() { unsafe text[offset] = byte }
            unsafe text[string.count] = 0
            unsafe vector[index] = Int(bitPattern: text)
        }
        unsafe vector[strings.count] = 0
        address = Int(bitPattern: vector)
    }
}
