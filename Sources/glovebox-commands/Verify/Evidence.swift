import Glibc
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// An evidence directory and the trust files it is judged by.
struct Evidence {
    let files: [(name: String, bytes: [UInt8])]
    let inspected: [(name: String, digest: Digest)]
    let trust: [(name: String, bytes: [UInt8])]

    init(files: [(String, [UInt8])], trust: [(String, [UInt8])]) {
        self.files = files.map { (name: $0.0, bytes: $0.1) }
        inspected = []
        self.trust = trust.map { (name: $0.0, bytes: $0.1) }
    }

    /// Reads a report, whatever it is called, its siblings, approvals, nodes' statements and workflow, and the siblings of a trust configuration.
    init(report: String, trust: String) throws(GloveboxError) {
        let named = Self.baseName(report) == EvidenceFiles.bundle ? EvidenceFiles.bundle : EvidenceFiles.report
        files =
            try Self.siblings(of: report, as: named, names: EvidenceFiles.fixed)
            + Self.folder(EvidenceFiles.approvals, of: Self.directory(report))
            + Self.folder(EvidenceFiles.nodes, of: Self.directory(report))
            + Self.folder(EvidenceFiles.workflow, of: Self.directory(report))
        inspected = try Self.contents(of: EvidenceFiles.inspected, in: Self.directory(report)) {
            path throws(GloveboxError) in
            try InputFile.digest(path)
        }
        self.trust = try Self.siblings(of: trust, as: TrustFiles.Name.trustConfig, names: TrustFiles.Name.all)
    }

    /// Reads a trust configuration and the files beside it.
    static func trust(_ path: String) throws(GloveboxError) -> [String: [UInt8]] {
        let files = try siblings(of: path, as: TrustFiles.Name.trustConfig, names: TrustFiles.Name.all)
        return Dictionary(files.map { ($0.name, $0.bytes) }) { first, _ in first }
    }

    // The file that was named stands for its kind, even where a file of the usual name is beside it.
    private static func siblings(
        of path: String,
        as kind: String,
        names: [String]
    ) throws(GloveboxError) -> [(name: String, bytes: [UInt8])] {
        let directory = directory(path)
        var out: [(name: String, bytes: [UInt8])] = [(kind, try InputFile.bytes(path, limit: limit))]
        for name in names where name != kind {
            guard unsafe access(directory + name, F_OK) == 0 else { continue }
            out.append((name, try InputFile.bytes(directory + name, limit: limit)))
        }
        return out
    }

    private static func folder(
        _ folder: String,
        of directory: String
    ) throws(GloveboxError) -> [(name: String, bytes: [UInt8])] {
        try contents(of: folder, in: directory) { path throws(GloveboxError) in
            try InputFile.bytes(path, limit: limit)
        }
    }

    /// What is below a folder, by names below the directory, but for what is only inspected.
    private static func contents<Content>(
        of folder: String,
        in directory: String,
        _ read: (String) throws(GloveboxError) -> Content
    ) throws(GloveboxError) -> [(String, Content)] {
        let path = directory + folder
        guard unsafe access(path, F_OK) == 0 else { return [] }
        guard folder.utf8.count < 4096 else { throw GloveboxError("input.io", "the evidence is nested too deep") }
        let names: [[UInt8]]
        do { names = try Descriptor.open(path, O_RDONLY | O_DIRECTORY).names(limit: 1000) } catch {
            throw error.coded("input.io")
        }
        var out: [(String, Content)] = []
        for name in names {
            guard let text = String(validating: name, as: UTF8.self) else {
                throw GloveboxError("input.io", "the name of a file in \(folder) is not UTF-8")
            }
            if !isDirectory(path + text) {
                out.append((folder + text, try read(path + text)))
            } else if folder + text + "/" != EvidenceFiles.inspected {
                out += try contents(of: folder + text + "/", in: directory, read)
            }
        }
        return out
    }

    private static func isDirectory(_ path: String) -> Bool {
        var status = stat()
        return unsafe lstat(path, &status) == 0 && status.st_mode & S_IFMT == S_IFDIR
    }

    private static let limit = 10_000_000

    private static func directory(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
    }

    static func baseName(_ path: String) -> String {
        path.lastIndex(of: "/").map { String(path[path.index(after: $0)...]) } ?? path
    }

    /// The files of the directory that are no evidence but results.
    var releasedFiles: [ResultFile] {
        files.filter { !EvidenceFiles.isEvidence($0.name) }
            .map { ResultFile(name: $0.name, bytes: $0.bytes) }
    }

    /// Judges the evidence.
    func verdict(_ options: VerifyOptions, results: [ResultFile]) -> Verdict {
        ReportVerifier.verify(
            evidence: Dictionary(files.map { ($0.name, $0.bytes) }) { first, _ in first },
            inspected: Dictionary(inspected.map { ($0.name, $0.digest) }) { first, _ in first },
            trust: Dictionary(trust.map { ($0.name, $0.bytes) }) { first, _ in first },
            results: results,
            options: options
        )
    }
}
