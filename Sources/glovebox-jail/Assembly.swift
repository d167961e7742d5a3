import CGloveboxLinux
import GloveboxPlanEmbedded

/// Puts the jail's root together under a tmpfs of its own.
struct Assembly {
    let plan: JailPlan
    let control: Control
    let ground: Ground

    func run() {
        let sources = ground.asStarter { openSources() }
        if !ground.hasLeftHost { Ground.enter(control) }
        var exported: [Int32] = []
        for (index, step) in plan.steps.enumerated() {
            let result = perform(step, source: sources[index], exported: &exported)
            if result < 0 { control.fail(JailFault.step.rawValue + UInt32(index), result) }
        }
    }

    /// Copies of the host's mounts, taken before the assembly hides anything.
    private func openSources() -> [Int] {
        var sources: [Int] = []
        for (index, step) in plan.steps.enumerated() {
            guard case .bind(let source, _, let flags) = step, source.first == UInt8(ascii: "/") else {
                sources.append(-1)
                continue
            }
            let tree = copy(source, flags)
            if tree < 0 { control.fail(JailFault.step.rawValue + UInt32(index), tree) }
            sources.append(tree)
        }
        return sources
    }

    private func copy(_ path: [UInt8], _ flags: JailStep.Flags) -> Int {
        let recursive = flags.contains(.recursive) ? Int(AT_RECURSIVE) : 0
        return withText(path) {
            call(SYS_open_tree, Int(AT_FDCWD), $0, Int(OPEN_TREE_CLONE) | Int(O_CLOEXEC) | recursive)
        }
    }

    private func perform(_ step: JailStep, source: Int, exported: inout [Int32]) -> Int {
        switch step {
        case .directory(let path, let mode): return makeDirectories(path, mode)
        case .file(let path): return makeFile(path)
        case .link(let target, let path):
            return withText(target) { target in withText(path) { call(SYS_symlinkat, target, Int(AT_FDCWD), $0) } }
        case .scratch(let path, let limit, let inodes, let mode, let flags):
            return scratch(path, limit, inodes, mode, flags, &exported)
        case .bind(let from, let path, let flags):
            let tree = source >= 0 ? source : copy(from, flags)
            return tree < 0 ? tree : attach(tree, path, flags, attributes: true)
        case .attach(let descriptor, let path, let flags):
            return attach(Int(descriptor), path, flags, attributes: false)
        case .overlay(let upper, let lower, let path): return overlay(upper, lower, path)
        case .cover(let lower, let path):
            // The kernel wants two layers, so one is empty.
            let nothing = bytes("nothing")
            let made = makeDirectory(nothing, 0o755)
            if made < 0 || overlay(nothing, lower, path, noExec(lower)) == 0 { return min(made, 0) }
            let tree = copy(lower, [])
            return tree < 0 ? tree : attach(tree, path, [.readOnly], attributes: true)
        case .processes(let path):
            return ground.processes < 0 ? ground.processes : attach(ground.processes, path, [], attributes: false)
        case .seal(let path):
            return seal(path)
        case .stage(let isAwaited):
            let sent = control.send(JailMessage.staged, descriptors: exported)
            for descriptor in exported { close(Int(descriptor)) }
            exported = []
            if sent < 0 { return sent }
            return !isAwaited || control.expect(JailMessage.filled) ? 0 : -125
        }
    }

    private func overlay(_ upper: [UInt8], _ lower: [UInt8], _ path: [UInt8], _ more: Int32 = 0) -> Int {
        let made = makeDirectories(path, 0o755)
        let options = bytes("lowerdir=") + upper + bytes(":") + lower
        let flags = MS_RDONLY | MS_NOSUID | MS_NODEV | more
        // The kernel looks at what lies below with the rights of who mounts, beside those of who asks.
        return made < 0 ? made : ground.asStarter { mount("overlay", on: path, flags: flags, options: options) }
    }

    /// `MS_NOEXEC` where nothing is executed from a mount: an overlay over it would not keep to that by itself.
    ///
    /// Source: statfs(2); `f_flags` is the eleventh word. What cannot be asked is taken as such a mount.
    private func noExec(_ path: [UInt8]) -> Int32 {
        var status = [UInt64](repeating: 0, count: 16)
        let asked = unsafe status.withUnsafeMutableBufferPointer { buffer in
            withText(path) { call(SYS_statfs, $0, Int(bitPattern: buffer.baseAddress)) }
        }
        return asked < 0 || status[10] & 8 != 0 ? MS_NOEXEC : 0  // ST_NOEXEC
    }

    private func scratch(
        _ path: [UInt8],
        _ limit: UInt64,
        _ inodes: UInt64,
        _ mode: UInt32,
        _ flags: JailStep.Flags,
        _ exported: inout [Int32]
    ) -> Int {
        let owner = decimal(UInt64(plan.workloadID))
        var options = bytes("size=") + decimal(limit) + bytes(",nr_inodes=") + decimal(inodes)
        options += bytes(",mode=") + octal(mode) + bytes(",uid=") + owner + bytes(",gid=") + owner
        let noExec = flags.contains(.noExec) ? MS_NOEXEC : 0
        let mounted = placed(path, asFile: false) {
            mount("tmpfs", on: path, flags: MS_NOSUID | MS_NODEV | noExec, options: options)
        }
        if mounted < 0 || !flags.contains(.exported) { return mounted }
        let directory = export(path)
        if directory >= 0 { exported.append(Int32(directory)) }
        return directory
    }

    /// A descriptor of a scratch directory, through which the supervisor may change it.
    private func export(_ path: [UInt8]) -> Int {
        guard ground.isGranted else { return open(path, O_RDONLY | O_DIRECTORY | O_NOFOLLOW) }
        let tree = copy(path, [])
        guard tree >= 0 else { return tree }
        defer { close(tree) }
        return SupervisorView.directory(of: tree)
    }

    private func attach(_ tree: Int, _ path: [UInt8], _ flags: JailStep.Flags, attributes: Bool) -> Int {
        if attributes {
            var set = MOUNT_ATTR_NOSUID
            if flags.contains(.readOnly) { set |= MOUNT_ATTR_RDONLY }
            if flags.contains(.noExec) { set |= MOUNT_ATTR_NOEXEC }
            if !flags.contains(.devices) { set |= MOUNT_ATTR_NODEV }
            let changed = setAttributes(tree, address("\0"), set, flags: Int(AT_EMPTY_PATH | AT_RECURSIVE))
            if changed < 0 { return changed }
        }
        let moved = placed(path, asFile: flags.contains(.file)) {
            withText(path) {
                call(SYS_move_mount, tree, address("\0"), Int(AT_FDCWD), $0, Int(MOVE_MOUNT_F_EMPTY_PATH))
            }
        }
        close(tree)
        return moved
    }

    /// Mounts at a place, which is made where it is not there yet: most places are.
    private func placed(_ path: [UInt8], asFile: Bool, _ mount: () -> Int) -> Int {
        let mounted = mount()
        guard mounted == -2 else { return mounted }
        let made = asFile ? makeFile(path) : makeDirectories(path, 0o755)
        return made < 0 ? made : mount()
    }

    /// Makes a mount read-only.
    ///
    /// Where the supervisor has just written, a process that it is starting beside may hold the file until its own exec, so
    /// a busy mount is tried again for ten seconds: so long may a process wait for a processor.
    private func seal(_ path: [UInt8]) -> Int {
        var tries = 5_000
        while true {
            let sealed = withText(path) { setAttributes(Int(AT_FDCWD), $0, MOUNT_ATTR_RDONLY, flags: 0) }
            tries -= 1
            guard sealed == -16, tries > 0 else { return sealed }  // EBUSY
            _ = call(SYS_poll, 0, 0, 2)
        }
    }

    private func setAttributes(_ directory: Int, _ path: Int, _ set: Int32, flags: Int) -> Int {
        var attributes: (UInt64, UInt64, UInt64, UInt64) = (UInt64(set), 0, 0, 0)
        return unsafe withUnsafeMutablePointer(to: &attributes) {
            call(SYS_mount_setattr, directory, path, flags, Int(bitPattern: $0), 32)
        }
    }

    private func mount(_ type: StaticString, on path: [UInt8], flags: Int32, options: [UInt8]) -> Int {
        withText(bytes(type)) { type in
            withText(path) { path in withText(options) { call(SYS_mount, type, path, type, Int(flags), $0) } }
        }
    }

    private func makeFile(_ path: [UInt8]) -> Int {
        guard let slash = path.lastIndex(of: UInt8(ascii: "/")) else { return -22 }
        let made = makeDirectories([UInt8](path[0..<slash]), 0o755)
        if made < 0 { return made }
        let file = withText(path) {
            call(SYS_openat, Int(AT_FDCWD), $0, Int(O_WRONLY | O_CREAT | O_NOFOLLOW | O_CLOEXEC), 0o444)
        }
        if file >= 0 { close(file) }
        return file >= 0 || file == -30 ? 0 : file  // in a read-only tree it must be there already
    }

    /// Makes a directory and those above it; one that exists is left as it is.
    private func makeDirectories(_ path: [UInt8], _ mode: UInt32) -> Int {
        let alone = makeDirectory(path, mode)
        if alone != -2 { return alone }
        for (index, byte) in path.enumerated() where byte == UInt8(ascii: "/") {
            let made = makeDirectory([UInt8](path[0..<index]), 0o755)
            if made < 0 { return made }
        }
        return makeDirectory(path, mode)
    }

    private func makeDirectory(_ path: [UInt8], _ mode: UInt32) -> Int {
        let made = withText(path) { call(SYS_mkdirat, Int(AT_FDCWD), $0, Int(mode)) }
        return made == -17 || made == -30 ? 0 : made  // it is there, or stands in a read-only tree and must be
    }

    private func octal(_ value: UInt32) -> [UInt8] {
        var digits: [UInt8] = []
        for shift in stride(from: 9, through: 0, by: -3) { digits.append(UInt8(48 + value >> UInt32(shift) & 7)) }
        return digits
    }
}
