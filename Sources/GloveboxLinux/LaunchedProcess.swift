internal import CGloveboxLinux
internal import Glibc

/// A child process started with exactly the descriptors named.
package struct LaunchedProcess: Sendable {
    /// Its process id; it is ours to wait for until ``wait()``.
    package let pid: Int32

    /// Starts a program with only the environment given.
    ///
    /// `descriptors[n]` becomes descriptor n of the child, and it gets no other: what this process was left with by its own
    /// parent goes no further. (A shell, for one, cannot name a descriptor above 9, and some tools make it try.)
    package static func start(
        _ program: String,
        arguments: [String],
        environment: [String] = [],
        descriptors: [Descriptor]
    ) throws(SyscallError) -> LaunchedProcess {
        // Out of the way first, so that no copy overwrites one still to be made; not far, since a table of descriptors
        // that grows makes a process with threads wait for every processor.
        var copies: [Descriptor] = []
        for descriptor in descriptors { copies.append(try descriptor.duplicate(from: Int32(descriptors.count))) }
        var actions = unsafe posix_spawn_file_actions_t()
        unsafe posix_spawn_file_actions_init(&actions)
        defer { unsafe posix_spawn_file_actions_destroy(&actions) }
        for (number, copy) in copies.enumerated() {
            unsafe posix_spawn_file_actions_adddup2(&actions, copy.raw, Int32(number))
        }
        let closing = unsafe glx_spawn_close_from(&actions, Int32(copies.count))
        _ = try Kernel.value(Int(closing), "posix_spawn_file_actions_addclosefrom_np")
        var attributes = posix_spawnattr_t()
        unsafe posix_spawnattr_init(&attributes)
        defer { unsafe posix_spawnattr_destroy(&attributes) }
        var none = sigset_t()
        unsafe sigemptyset(&none)
        unsafe posix_spawnattr_setsigmask(&attributes, &none)
        var all = sigset_t()
        unsafe sigfillset(&all)
        unsafe posix_spawnattr_setsigdefault(&attributes, &all)
        unsafe posix_spawnattr_setflags(&attributes, Int16(POSIX_SPAWN_SETSIGMASK | POSIX_SPAWN_SETSIGDEF))
        var argv = unsafe (arguments.map { unsafe strdup($0) }) + [nil]
        var envp = unsafe (environment.map { unsafe strdup($0) }) + [nil]
        defer {
            for index in unsafe argv.indices { unsafe free(argv[index]) }
            for index in unsafe envp.indices { unsafe free(envp[index]) }
        }
        var pid: pid_t = 0
        let failed = unsafe posix_spawn(&pid, program, &actions, &attributes, &argv, &envp)
        guard failed == 0 else { throw SyscallError("posix_spawn", failed, program) }
        return LaunchedProcess(pid: pid)
    }

    /// Starts a program that reads nothing and whose stdout comes back; stderr goes with it, or to `error`.
    package static func startPiped(
        _ program: String,
        arguments: [String],
        environment: [String] = [],
        error: Descriptor? = nil
    ) throws(SyscallError) -> (process: LaunchedProcess, output: Descriptor) {
        let pipe = try Descriptor.pipe()
        let null = try Descriptor.open("/dev/null", O_RDONLY)
        let process = try start(
            program,
            arguments: arguments,
            environment: environment,
            descriptors: [null, pipe.write, error ?? pipe.write]
        )
        return (process, pipe.read)  // our copy of the write end goes here, so reading ends with the program
    }

    /// Waits for the end; the wait status.
    package func wait() throws(SyscallError) -> Int32 {
        var status: Int32 = 0
        var got: pid_t
        repeat { got = unsafe waitpid(pid, &status, 0) } while got < 0 && Glibc.errno == EINTR
        guard got == pid else { throw SyscallError("waitpid", Glibc.errno) }
        return status
    }

    /// Kills it; harmless when it is gone already and not yet waited for.
    package func kill() { _ = Glibc.kill(pid, SIGKILL) }

    /// A descriptor of the process, through which another can be let watch and kill it; only before ``wait()``.
    ///
    /// Source: pidfd_open(2).
    package func descriptor() throws(SyscallError) -> Descriptor {
        Descriptor(owning: Int32(try Kernel.value(Kernel.call(SYS_pidfd_open, Int(pid)), "pidfd_open")))
    }
}
