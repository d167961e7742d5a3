package import GloveboxLinux

/// One jail to build and one command to run in it, in the supervisor's words.
package struct JailSpecification: Sendable {
    /// What the jail's `/` is.
    package enum Root: Sendable {
        /// A read-only image file.
        case image(path: String, format: DetachedMount.Format)
        /// A read-only image file that is open already, so that none can be put in its place.
        case file(Descriptor, format: DetachedMount.Format)
        /// A directory of the host, read-only.
        case directory(String)
        /// Nothing at all.
        case empty
    }

    /// What is executed.
    package enum Program: Sendable {
        /// Looked up in the jail's own `PATH`.
        case command
        /// An open descriptor; the jail needs no file of it.
        case descriptor(Descriptor)
    }

    /// A host path shown read-only in the jail.
    package struct Bind: Sendable {
        package var source: String
        package var target: String

        /// Makes a bind; both paths are absolute.
        package init(source: String, target: String) {
            self.source = source
            self.target = target
        }
    }

    /// A directory the supervisor fills before the first instruction, read-only from then on unless it says otherwise.
    package struct Staged: Sendable {
        /// Absolute path in the jail.
        package var path: String
        /// Greatest content in bytes.
        package var bytes: UInt64
        /// Greatest number of files.
        package var inodes: UInt64
        /// Whether the program may write there; what it leaves can be read when the last process is dead.
        package var isWritable = false

        /// Makes a staged directory.
        package init(path: String, bytes: UInt64, inodes: UInt64) {
            self.path = path
            self.bytes = bytes
            self.inodes = inodes
        }
    }

    package var root: Root
    package var program: Program = .command
    package var arguments: [String]
    package var environment: [String: String] = [:]
    package var directory: String = "/"
    package var hostname: String = "jail"
    /// Whether an image is read through a page cache of the jail's own.
    package var isolatedCache: Bool = false
    package var binds: [Bind] = []
    package var staged: [Staged] = []
    /// Whether there is an `/out`.
    package var hasOutput: Bool = true
    /// A second path of `/out`, inside a staged directory.
    package var outputAlias: String?
    package var limits: JailLimits = JailLimits()
    package var profile: SeccompProfile
    /// Protections without which the jail is refused, by their names in ``JailProtections``.
    package var required: [String] = []
    /// What is held fixed, so that the same job gives the same bytes; nil holds nothing.
    package var deterministic: Deterministic?
    /// Whether the readback is to measure the file of the program; it costs reading it.
    package var measuresProgram: Bool = false
    /// What the program reads as its standard input; nil gives it nothing to read.
    package var input: Descriptor?
    /// Descriptors the program gets as 3, 4, ….
    package var descriptors: [Descriptor] = []

    /// A jail with that root, command and profile, and defaults for the rest.
    package init(root: Root, arguments: [String], profile: SeccompProfile) {
        self.root = root
        self.arguments = arguments
        self.profile = profile
    }

    /// Whether steps that build it name paths of the host; without privilege the devices do.
    func showsHost(privileged: Bool) -> Bool { !privileged || !binds.isEmpty }
}
