internal import Glibc
internal import GloveboxCore

/// One run of mmdebstrap: a recipe to a tar archive that holds nothing of this host and nothing of this moment.
struct Bootstrap {
    let recipe: ImageRecipe

    /// Writes the archive.
    ///
    /// - Throws: `image.tool`, `image.tool-missing`, `image.sources`, `image.io`.
    func run(to archive: String, progress: (String) -> Void) throws(GloveboxError) {
        try Tool("mmdebstrap").run(
            arguments(archive: archive, sources: try Self.sources(suite: recipe.suite), isRoot: geteuid() == 0),
            environment: ["SOURCE_DATE_EPOCH=\(recipe.epoch)"]
        ) { line in
            // mmdebstrap repeats each hook in full.
            if !line.contains("-hook in shell: ") { progress(line) }
        }
    }

    /// The command line.
    func arguments(archive: String, sources: [String], isRoot: Bool) -> [String] {
        var all = [
            "--mode=\(isRoot ? "root" : "unshare")", "--variant=\(recipe.variant.rawValue)", "--format=tar",
            "--aptopt=Acquire::Languages \"none\"",
        ]
        for path in Self.left { all.append("--dpkgopt=path-exclude=\(path)") }
        all.append("--dpkgopt=path-include=/usr/share/doc/*/copyright")
        if !recipe.packages.isEmpty { all.append("--include=\(recipe.packages.joined(separator: ","))") }
        for path in recipe.remove { all.append("--customize-hook=chroot \"$1\" rm -rf -- '/\(path)'") }
        for hook in [Self.compilePython, Self.empty, Self.strip] { all.append("--customize-hook=\(hook)") }
        return all + [recipe.suite, archive] + sources
    }

    /// What dpkg does not unpack; licences stay.
    private static let left = [
        "/usr/share/man/*", "/usr/share/locale/*", "/usr/share/doc/*", "/usr/share/info/*", "/usr/share/lintian/*",
    ]

    /// Python's byte code again, bound to no time: the image's file times are not those it was first compiled for,
    /// and a read-only image could not keep a newer one.
    private static let compilePython = """
        if [ -x "$1/usr/bin/python3" ]; then \
        chroot "$1" find /usr -name __pycache__ -type d -prune -exec rm -rf {} + && \
        chroot "$1" env PYTHONHASHSEED=0 PYTHONDONTWRITEBYTECODE=1 sh -c \
        'python3 -m compileall -q -f --invalidation-mode unchecked-hash /usr/lib/python3*'; fi
        """

    /// What would tell of this host, or differ between two builds.
    private static let empty = """
        for file in /etc/machine-id /etc/hostname /etc/resolv.conf; do : > "$1$file" || exit 1; done && \
        chroot "$1" rm -rf /etc/apt/sources.list /etc/apt/apt.conf.d/99mmdebstrap \
        /etc/dpkg/dpkg.cfg.d/99mmdebstrap /etc/.pwd.lock /etc/passwd- /etc/group- /etc/shadow- /etc/gshadow- \
        /var/lib/dpkg/lock /var/lib/dpkg/lock-frontend /var/lib/dpkg/status-old /var/lib/dpkg/diversions-old \
        /var/lib/dbus/machine-id /var/cache/ldconfig/aux-cache && \
        chroot "$1" find /etc/apt/sources.list.d /var/lib/apt /var/cache/apt /var/cache/debconf /var/log /tmp \
        -mindepth 1 ! -type d -delete
        """

    /// Nobody gains rights in a jail, so no file may offer them.
    private static let strip = """
        chroot "$1" find / -xdev -type f -perm /6000 -exec chmod a-s {} +
        """

    /// The host's own apt sources that know the suite.
    private static func sources(suite: String) throws(GloveboxError) -> [String] {
        var paths = ["/etc/apt/sources.list"]
        for name in try StoreFiles.names(in: "/etc/apt/sources.list.d")
        where name.hasSuffix(".list") || name.hasSuffix(".sources") {
            paths.append("/etc/apt/sources.list.d/\(name)")
        }
        var found: [String] = []
        for path in paths where try StoreFiles.exists(path) {
            let text = try StoreFiles.read(path, limit: 1 << 20)
            let words = text.split { $0 == UInt8(ascii: " ") || $0 == UInt8(ascii: "\n") || $0 == UInt8(ascii: "\t") }
            if words.contains(where: { $0.elementsEqual(suite.utf8) }) { found.append(path) }
        }
        guard !found.isEmpty else {
            throw GloveboxError(
                "image.sources",
                "none of this host's apt sources has the suite \(Display.escape(suite))",
                hint: "Add one under /etc/apt/sources.list.d, or build on a host of that release."
            )
        }
        return found
    }
}
