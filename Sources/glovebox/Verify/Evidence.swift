import Glibc
import GloveboxAttestation
import GloveboxCore
import GloveboxLinux

/// An evidence directory and the trust files it is judged by.
struct Evidence {
    let files: [(name: String, bytes: [UInt8])]
    let trust: [(name: String, bytes: [UInt8])]

    init(files: [(String, [UInt8])], trust: [(String, [UInt8])]) {
        self.files = files.map { (name: $0.0, bytes: $0.1) }
        self.trust = trust.map { (name: $0.0, bytes: $0.1) }
    }

    /// Reads the siblings of a report and of a trust configuration.
    init(report: String, trust: String) throws(GloveboxError) {
        files = try Self.siblings(of: report, names: EvidenceFiles.fixed)
        self.trust = try Self.siblings(of: trust, names: TrustFiles.Name.all)
    }

    private static func siblings(
        of path: String,
        names: [String]
    ) throws(GloveboxError) -> [(name: String, bytes: [UInt8])] {
        let directory = path.lastIndex(of: "/").map { String(path[...$0]) } ?? ""
        var out: [(name: String, bytes: [UInt8])] = [(baseName(path), try InputFile.bytes(path, limit: 10_000_000))]
        for name in names where name != out[0].name {
            if unsafe access(directory + name, F_OK) == 0 {
                out.append((name, try InputFile.bytes(directory + name, limit: 10_000_000)))
            }
        }
        return out
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
            trust: Dictionary(trust.map { ($0.name, $0.bytes) }) { first, _ in first },
            results: results,
            options: options
        )
    }
}
