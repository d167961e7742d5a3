internal import GloveboxCore
internal import GloveboxPlan

/// The mounts a jail must show, and what the kernel says it has.
struct MountTable {
    /// Options of a mount, with bits of their own.
    private struct Options: OptionSet {
        let rawValue: UInt8
        static let readOnly = Options(rawValue: 1)
        static let writable = Options(rawValue: 2)
        static let noSetID = Options(rawValue: 4)
        static let noDevices = Options(rawValue: 8)
        static let noExec = Options(rawValue: 16)

        /// As `mountinfo` spells them.
        private static let names: [(name: [UInt8], option: Options)] = [
            (Array("nodev".utf8), noDevices), (Array("noexec".utf8), noExec), (Array("nosuid".utf8), noSetID),
            (Array("ro".utf8), readOnly), (Array("rw".utf8), writable),
        ]

        /// Those of a list that matter here.
        static func read(_ list: ArraySlice<UInt8>) -> Options {
            var options: Options = []
            for word in list.split(separator: UInt8(ascii: ",")) {
                if let known = names.first(where: { word.elementsEqual($0.name) }) { options.insert(known.option) }
            }
            return options
        }

        var text: String {
            let names = Self.names.filter { contains($0.option) }.map { String(decoding: $0.name, as: UTF8.self) }
            return names.joined(separator: ", ")
        }
    }

    /// What a mount must be.
    private struct Mount {
        let options: Options
        /// Whether mounts of the host may have come along below it.
        let isRecursive: Bool
    }

    private var expected: [String: Mount] = [:]
    /// The points at which something of the host shows.
    private var shown: Set<String> = []

    /// What the steps leave below `root`.
    init(_ steps: [JailStep]) {
        for step in steps {
            switch step {
            case .scratch(let path, _, _, _, let flags):
                let writable: Options = [.writable, .noSetID, .noDevices]
                add(path, flags.contains(.noExec) ? writable.union(.noExec) : writable)
            case .bind(let source, let path, let flags):
                add(path, Self.options(flags), isRecursive: flags.contains(.recursive))
                if !flags.contains(.devices), Self.isOfHost(source) { show(path) }
            case .attach(_, let path, let flags): add(path, Self.options(flags))
            case .overlay(_, _, let path): add(path, [.readOnly, .noSetID, .noDevices])
            case .cover(_, let path):
                add(path, [.readOnly, .noSetID, .noDevices])
                show(path)
            case .processes(let path): add(path, [.readOnly, .noSetID, .noDevices, .noExec])
            case .seal(let path):
                guard let point = Self.point(path), let mount = expected[point] else { continue }
                expected[point] = Mount(
                    options: mount.options.subtracting(.writable).union(.readOnly),
                    isRecursive: mount.isRecursive
                )
            case .directory, .file, .link, .stage: break
            }
        }
    }

    private static func options(_ flags: JailStep.Flags) -> Options {
        var options: Options = [.noSetID]
        if flags.contains(.readOnly) { options.insert(.readOnly) }
        if flags.contains(.noExec) { options.insert(.noExec) }
        if !flags.contains(.devices) { options.insert(.noDevices) }
        return options
    }

    /// Whether a source is a path of the host, or was one before it was laid under an overlay.
    private static func isOfHost(_ source: [UInt8]) -> Bool {
        source.first == UInt8(ascii: "/") || source.starts(with: Array("shown/".utf8))
    }

    private mutating func show(_ path: [UInt8]) { if let point = Self.point(path) { shown.insert(point) } }

    private mutating func add(_ path: [UInt8], _ options: Options, isRecursive: Bool = false) {
        if let point = Self.point(path) { expected[point] = Mount(options: options, isRecursive: isRecursive) }
    }

    /// The place in the jail, as mountinfo spells it; nil for what stands beside the root and goes away.
    private static func point(_ path: [UInt8]) -> String? {
        let root = Array("root".utf8)
        guard path.starts(with: root), path.count == root.count || path[root.count] == UInt8(ascii: "/") else {
            return nil
        }
        var text = ""
        for byte in path.dropFirst(root.count) {
            switch byte {
            case 0x20: text += "\\040"
            case 0x09: text += "\\011"
            case 0x0a: text += "\\012"
            case 0x5c: text += "\\134"
            default: text.unicodeScalars.append(Unicode.Scalar(byte))
            }
        }
        return text.isEmpty ? "/" : text
    }

    /// The first thing in `mountinfo` that is not as planned; nil when all is.
    ///
    /// Source: proc(5), fields 5 (mount point) and 6 (options).
    func difference(from mountinfo: String) -> String? {
        var missing = Set(expected.keys)
        for line in Array(mountinfo.utf8).split(separator: UInt8(ascii: "\n")) {
            let fields = line.split(separator: UInt8(ascii: " "), maxSplits: 6)
            guard fields.count > 6 else { return "the mount table is not readable" }
            let point = String(decoding: fields[4], as: UTF8.self)
            let options = Options.read(fields[5])
            if let mount = expected[point] {
                missing.remove(point)
                let lost = mount.options.subtracting(options)
                if !lost.isEmpty { return "the mount on \(Display.escape(point)) is not \(lost.text)" }
            } else if !isBelowBind(point) || !options.isSuperset(of: [.readOnly, .noSetID]) {
                return "there is a mount on \(Display.escape(point)) that was not planned"
            }
        }
        return missing.min().map { "there is no mount on \(Display.escape($0))" }
    }

    /// The points at which the jail has inodes of the host's, not of its own.
    ///
    /// Source: proc(5), fields 9 (type) and 11 (options of the file system) of `mountinfo`.
    func shared(in mountinfo: String) -> [String] {
        guard !shown.isEmpty else { return [] }
        var shared = shown
        for line in mountinfo.split(separator: "\n") {
            let fields = line.split(separator: " ")
            guard let dash = fields.firstIndex(of: "-"), dash > 4, fields.count > dash + 3 else { continue }
            let isCover = fields[dash + 1] == "overlay" && fields[dash + 3].contains("lowerdir=nothing:shown/")
            if isCover { shared.remove(String(fields[4])) }
        }
        return shared.sorted()
    }

    /// A path as `mountinfo` spells it, in its own bytes.
    static func unescaped(_ text: Substring) -> String {
        var bytes: [UInt8] = []
        var rest = Array(text.utf8)[...]
        while let byte = rest.popFirst() {
            if byte == UInt8(ascii: "\\"), let octal = UInt8(String(decoding: rest.prefix(3), as: UTF8.self), radix: 8)
            {
                bytes.append(octal)
                rest = rest.dropFirst(3)
            } else {
                bytes.append(byte)
            }
        }
        return String(decoding: bytes, as: UTF8.self)
    }

    private func isBelowBind(_ point: String) -> Bool {
        expected.contains { $0.value.isRecursive && point.hasPrefix($0.key + "/") }
    }
}
