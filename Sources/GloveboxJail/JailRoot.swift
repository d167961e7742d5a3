internal import CGloveboxLinux
internal import Glibc
internal import GloveboxCore
internal import GloveboxLinux
internal import GloveboxPlan

/// The steps that assemble a jail's root, and the detached mounts they need.
struct JailRoot {
    /// The steps in order.
    private(set) var steps: [JailStep] = []
    /// Paths in the jail at which the workload may write.
    private(set) var writable: [[UInt8]] = []
    /// Detached mounts; the first gets the number `firstDescriptor` in the launcher.
    private(set) var mounts: [Descriptor] = []

    /// Whether the device nodes are the jail's own.
    private(set) var hasOwnDevices = false

    private let specification: JailSpecification
    private let privileged: Bool
    private let firstDescriptor: Int
    private var shown = ShownPaths()

    /// Directories every jail mounts over, whatever the image holds there.
    private static let own = ["proc", "dev", "tmp", "out"]

    init(
        _ specification: JailSpecification,
        privileged: Bool,
        devices ready: Descriptor?,
        firstDescriptor: Int
    ) throws(GloveboxError) {
        self.specification = specification
        self.privileged = privileged
        self.firstDescriptor = firstDescriptor
        try base()
        if case .empty = specification.root {} else { devices(ready) }
        scratch()
        for staged in specification.staged where !staged.isWritable { seal(staged.path) }
        if case .empty = specification.root {} else if !hasOwnDevices { seal("/dev") }
    }

    private func bytes(_ text: String) -> [UInt8] { Array(text.utf8) }

    private mutating func seal(_ path: String) { steps.append(.seal(path: bytes("root" + path))) }

    /// The read-only tree at the bottom, with a directory for each mount that follows.
    private mutating func base() throws(GloveboxError) {
        switch specification.root {
        case .empty:
            steps.append(.scratch(path: bytes("root"), bytes: 65536, inodes: 64, mode: 0o755, flags: [.noExec]))
            try skeleton(under: "root")
            return
        case .image(let path, let format):
            guard privileged else {
                throw GloveboxError(
                    "jail.image-needs-root",
                    "only root of the host can mount the image \(Display.escape(path))",
                    hint: "Give the directory it was unpacked to, as the image store does for all others."
                )
            }
            let file: Descriptor
            do { file = try Descriptor.open(path, O_RDONLY) } catch { throw error.coded("jail.image") }
            try image(file, format)
        case .file(let file, let format): try image(file, format)
        case .directory(let path):
            if privileged {
                do { try attach(DetachedMount.directory(path)) } catch { throw error.coded("jail.root") }
            } else if try shown.hasMounts(below: path) {
                try bindEntries(of: path)
                return
            } else {
                steps.append(.bind(source: bytes(path), path: bytes("image"), flags: [.readOnly]))
            }
        }
        try skeleton(under: "skeleton")
        steps.append(.overlay(upper: bytes("skeleton"), lower: bytes("image"), path: bytes("root")))
        try bindAll()
    }

    private mutating func image(_ file: Descriptor, _ format: DetachedMount.Format) throws(GloveboxError) {
        do {
            let isAlone = specification.isolatedCache
            try attach(isAlone ? ImageMounts.own(file, format: format) : ImageMounts.mount(file, format: format))
        } catch { throw error.coded("jail.image") }
    }

    private mutating func attach(_ mount: Descriptor, _ path: String = "image", _ flags: JailStep.Flags = [.readOnly]) {
        let number = UInt32(firstDescriptor + mounts.count)
        steps.append(.attach(descriptor: number, path: bytes(path), flags: flags))
        mounts.append(mount)
    }

    private mutating func skeleton(under root: String) throws(GloveboxError) {
        steps.append(.directory(path: bytes(root), mode: 0o755))
        for name in Self.own { steps.append(.directory(path: bytes("\(root)/\(name)"), mode: 0o755)) }
        for staged in specification.staged { steps.append(.directory(path: bytes(root + staged.path), mode: 0o755)) }
        for bind in specification.binds {
            let path = bytes(root + bind.target)
            steps.append(try isFile(bind.source) ? .file(path: path) : .directory(path: path, mode: 0o755))
        }
    }

    private mutating func bindAll() throws(GloveboxError) {
        for bind in specification.binds {
            steps += try shown.steps(showing: bind.source, at: bytes("root" + bind.target))
        }
    }

    /// An ordinary user cannot take a tree apart that has mounts in it, so each entry is bound with all below it.
    private mutating func bindEntries(of path: String) throws(GloveboxError) {
        let base = path == "/" ? "" : path
        steps.append(.scratch(path: bytes("root"), bytes: 1 << 20, inodes: 1024, mode: 0o755, flags: []))
        try skeleton(under: "root")
        let hidden = Set(Self.own + ["sys", "run", "job", "data"])
        var directories: [String] = []
        do throws(SyscallError) {
            for entry in try Descriptor.open(path, O_RDONLY | O_DIRECTORY).names() {
                guard let name = String(validating: entry, as: UTF8.self), !hidden.contains(name) else { continue }
                let source = base + "/" + name
                let status = try FileStatus.of(source, followingLinks: false)
                if status.isLink {
                    let target = try Kernel.readLink(source)
                    steps.append(.link(target: target, path: bytes("root/" + name)))
                } else if status.isDirectory, unsafe access(source, R_OK | X_OK) == 0 {
                    directories.append(name)
                }
            }
        } catch { throw error.coded("jail.root") }
        for name in directories {
            steps += try shown.steps(showing: base + "/" + name, at: bytes("root/" + name))
        }
        try bindAll()
        steps.append(.seal(path: bytes("root")))
    }

    private mutating func devices(_ ready: Descriptor?) {
        steps.append(.processes(path: bytes("root/proc")))
        if privileged {
            do {
                try attach(ready ?? DetachedMount.devices(), "root/dev", [.readOnly, .noExec, .devices])
                hasOwnDevices = true
                return
            } catch {}  // a container that may not make device nodes; the protections say so
        }
        steps.append(.scratch(path: bytes("root/dev"), bytes: 65536, inodes: 64, mode: 0o755, flags: [.noExec]))
        for name in ["null", "zero", "full", "random", "urandom"] {
            let flags: JailStep.Flags = [.file, .devices, .noExec]
            steps.append(.bind(source: bytes("/dev/" + name), path: bytes("root/dev/" + name), flags: flags))
        }
        let links = [("fd", ""), ("stdin", "/0"), ("stdout", "/1"), ("stderr", "/2")]
        for (name, end) in links {
            steps.append(.link(target: bytes("/proc/self/fd" + end), path: bytes("root/dev/" + name)))
        }
    }

    private mutating func scratch() {
        let limits = specification.limits
        if case .empty = specification.root {
        } else {
            let shared = min(limits.scratchBytes, 64 << 20)
            writable.append(bytes("/dev/shm"))
            steps.append(
                .scratch(path: bytes("root/dev/shm"), bytes: shared, inodes: 1024, mode: 0o1777, flags: [.noExec])
            )
            if !specification.staged.contains(where: { $0.path == "/tmp" }) {
                writable.append(bytes("/tmp"))
                steps.append(
                    .scratch(
                        path: bytes("root/tmp"),
                        bytes: limits.scratchBytes,
                        inodes: limits.scratchFiles,
                        mode: 0o1777,
                        flags: [.noExec]
                    )
                )
            }
        }
        for staged in specification.staged {
            if staged.isWritable { writable.append(bytes(staged.path)) }
            steps.append(
                .scratch(
                    path: bytes("root" + staged.path),
                    bytes: staged.bytes,
                    inodes: staged.inodes,
                    mode: 0o755,
                    flags: staged.isWritable ? [.exported, .noExec] : [.exported]
                )
            )
        }
        if specification.hasOutput {
            writable.append(bytes("/out"))
            steps.append(
                .scratch(
                    path: bytes("root/out"),
                    bytes: limits.outputBytes,
                    inodes: limits.outputFiles,
                    mode: 0o755,
                    flags: [.exported, .noExec]
                )
            )
        }
        steps.append(.stage(isAwaited: !specification.staged.isEmpty))
        if let alias = specification.outputAlias, specification.hasOutput {
            steps.append(.bind(source: bytes("root/out"), path: bytes("root" + alias), flags: [.noExec]))
            writable.append(bytes(alias))
        }
    }

    private func isFile(_ path: String) throws(GloveboxError) -> Bool {
        do { return try !FileStatus.of(path).isDirectory } catch { throw error.coded("jail.bind") }
    }
}
