import CGloveboxLinux
import GloveboxPlanEmbedded

/// Landlock on top of the mounts: writing only in scratch, no new devices, no TCP, no signal or abstract socket to
/// anyone outside.
///
/// Source: landlock(7); the rights grow with the kernel's interface version, which is read at run time. The header of
/// an older system knows fewer of them, so the numbers stand here.
struct Landlock {
    /// Version of the kernel's interface; 0 where there is none.
    let version: Int

    private enum Call {
        static let createRuleset: Int32 = 444
        static let addRule: Int32 = 445
        static let restrictSelf: Int32 = 446
    }

    private enum Right {
        static let execute: UInt64 = 1 << 0
        static let writeFile: UInt64 = 1 << 1
        static let readFile: UInt64 = 1 << 2
        static let readDirectory: UInt64 = 1 << 3
        /// Removing and making of all kinds but device nodes: bits 4, 5, 7, 8, 9, 10 and 12.
        static let change: UInt64 = 0b1_0111_1011_0000
        static let makeCharacterDevice: UInt64 = 1 << 6
        static let makeBlockDevice: UInt64 = 1 << 11
        /// From version 2, 3 and 5 on.
        static let move: UInt64 = 1 << 13
        static let truncate: UInt64 = 1 << 14
        static let deviceControl: UInt64 = 1 << 15
    }

    init() {
        let answer = call(Call.createRuleset, 0, 0, 1)  // LANDLOCK_CREATE_RULESET_VERSION
        version = answer > 0 ? answer : 0
    }

    /// Every right this kernel can take away.
    private var handled: UInt64 {
        var rights = (Right.makeBlockDevice << 2) - 1  // bits 0 to 12
        if version >= 2 { rights |= Right.move }
        if version >= 3 { rights |= Right.truncate }
        if version >= 5 { rights |= Right.deviceControl }
        return rights
    }

    /// Restricts this process for good; 0, or -errno.
    ///
    /// `program` is the descriptor of a program from outside the root, if there is one.
    func restrict(writable: [[UInt8]], program: Int?) -> Int {
        // handled_access_fs; handled_access_net (version 4): bind and connect; scoped (6): abstract sockets, signals.
        var attributes: (UInt64, UInt64, UInt64) = (handled, 3, 3)
        let size = version >= 6 ? 24 : version >= 4 ? 16 : 8
        let ruleset = unsafe withUnsafeMutablePointer(to: &attributes) {
            call(Call.createRuleset, Int(bitPattern: $0), size, 0)
        }
        guard ruleset >= 0 else { return ruleset }
        defer { close(ruleset) }
        let look = Right.execute | Right.readFile | Right.readDirectory
        var added = allow(look, beneath: bytes("/"), in: ruleset)
        let write = Right.readFile | Right.readDirectory | Right.writeFile | Right.change | Right.move | Right.truncate
        for path in writable where added == 0 { added = allow(write, beneath: path, in: ruleset) }
        if added == 0, let program { added = allow(Right.execute | Right.readFile, beneath: program, in: ruleset) }
        // The devices of /dev, which are no scratch: they are written to and nothing is made there.
        if added == 0 { added = allow(Right.writeFile, beneath: bytes("/dev"), in: ruleset) }
        return added < 0 ? added : call(Call.restrictSelf, ruleset, 0)
    }

    private func allow(_ rights: UInt64, beneath path: [UInt8], in ruleset: Int) -> Int {
        let directory = open(path, Kernel.path)
        if directory == -2 { return 0 }  // a jail without it
        guard directory >= 0 else { return directory }
        defer { close(directory) }
        return allow(rights, beneath: directory, in: ruleset)
    }

    private func allow(_ rights: UInt64, beneath directory: Int, in ruleset: Int) -> Int {
        // struct landlock_path_beneath_attr, packed: allowed_access, parent_fd.
        let rule = word(rights & handled) + word(Int32(directory))
        return unsafe rule.withUnsafeBufferPointer {
            call(Call.addRule, ruleset, 1, Int(bitPattern: $0.baseAddress), 0)
        }
    }
}
