internal import Crypto
internal import Glibc
package import GloveboxCore
internal import GloveboxLinux

/// The library that a deterministic jail loads into each program: read once, so that what is measured is what runs.
package struct FixedShim: Sendable {
    /// Name of the library, which stands beside the programs.
    package static let name = "libglovebox-fixed.so"

    /// SHA-256 of the library.
    package let digest: GloveboxCore.Digest
    private let bytes: [UInt8]

    /// Reads the library beside that program.
    ///
    /// - Throws: `jail.deterministic` when it cannot be read.
    package init(beside program: String) throws(GloveboxError) {
        let directory = program.lastIndex(of: "/").map { program[...$0] } ?? ""
        do {
            bytes = try Descriptor.open(directory + Self.name, O_RDONLY).readAll(limit: 1 << 20)
        } catch {
            let hint =
                "\(Self.name) must stand beside the programs: swift build --product glovebox-fixed, then copy it there."
            throw error.coded("jail.deterministic", hint: hint)
        }
        guard let digest = GloveboxCore.Digest(bytes: Array(SHA256.hash(data: bytes))) else {
            throw GloveboxError("internal", "a SHA-256 has 32 bytes")
        }
        self.digest = digest
    }

    /// The same jail with a directory for the library and the variables that go with it.
    func added(to specification: JailSpecification, _ fixed: Deterministic) throws(GloveboxError) -> JailSpecification {
        if case .empty = specification.root {
            throw GloveboxError("jail.deterministic", "a jail without a root has no loader, so nothing can be fixed")
        }
        // Where no program may map code, the loader would go on without the library.
        guard !specification.profile.refused.contains(where: { $0.name == "no-executable-memory" }) else {
            let name = specification.profile.name
            throw GloveboxError("jail.deterministic", "profile \(name) lets no program load a library")
        }
        var out = specification
        out.staged.append(.init(path: Deterministic.directory, bytes: 1 << 20, inodes: 4))
        for (name, value) in fixed.loading + Deterministic.variables(seed: fixed.seed) { out.environment[name] = value }
        return out
    }

    /// Hooks that fill the last staged directory before the caller fills its own.
    func filling(_ hooks: JailRun.Hooks) -> JailRun.Hooks {
        var out = hooks
        let (shim, stage) = (self, hooks.stage)
        out.stage = { (directories: [Descriptor], identity: FileIdentity) throws(GloveboxError) in
            guard let own = directories.last else { throw GloveboxError("internal", "the shim has no directory") }
            try shim.write(into: own, identity)
            try stage(directories.dropLast(), identity)
        }
        return out
    }

    private func write(into directory: Descriptor, _ identity: FileIdentity) throws(GloveboxError) {
        try identity.perform { () throws(GloveboxError) in
            do throws(SyscallError) {
                let flags = O_WRONLY | O_CREAT | O_EXCL | O_NOFOLLOW
                try Descriptor.open(Deterministic.file, flags, mode: 0o555, in: directory).write(bytes)
            } catch { throw error.coded("jail.staging") }
        }
    }
}
