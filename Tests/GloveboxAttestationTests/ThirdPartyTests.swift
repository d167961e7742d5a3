import Foundation
import GloveboxCore
import Testing

@testable import GloveboxAttestation

/// Public tools that know nothing of Glovebox accept what it writes, and refuse what was changed.
@Suite(.enabled(if: ThirdParty.toolsExist, "python3 or openssl is missing on this host"))
struct ThirdPartyTests {
    @Test func `a short Python script and OpenSSL verify the report under key and certificate`() throws {
        let folder = try ThirdParty.write(Scenario().build())
        defer { ThirdParty.remove(folder) }
        for key in ["att.pub", "leaf.pem"] {
            let run = try ThirdParty.run(
                ["python3", ThirdParty.script, "report.dsse.json", key, "table.csv", "notes.txt"],
                in: folder
            )
            #expect(run.status == 0)
            #expect(run.output.contains("\(Hashing.sha256(Scenario.table).hex)  outputs/table.csv"))
            #expect(run.output.hasSuffix("SIGNATURE GOOD\n"))
        }
    }

    @Test func `the script refuses a changed report, another key and a changed result`() throws {
        let files = try Scenario().build()
        let folder = try ThirdParty.write(files)
        defer { ThirdParty.remove(folder) }
        let other = try ThirdParty.write(Scenario().build())
        defer { ThirdParty.remove(other) }
        var status = try ThirdParty.run(
            ["python3", ThirdParty.script, "report.dsse.json", other + "/att.pub"],
            in: folder
        ).status
        #expect(status == 1)
        try Data(Scenario.table + [0x78]).write(to: URL(fileURLWithPath: folder + "/table.csv"))
        status = try ThirdParty.run(
            ["python3", ThirdParty.script, "report.dsse.json", "att.pub", "table.csv"],
            in: folder
        ).status
        #expect(status == 1)
        let old = try Envelope(parsing: files.evidence["report.dsse.json"] ?? [])
        let changed = Envelope(
            payloadType: old.payloadType,
            payload: old.payload.replacing("job_1", "job_2"),
            keyID: old.keyID,
            signature: old.signature
        )
        try Data(changed.bytes).write(to: URL(fileURLWithPath: folder + "/report.dsse.json"))
        status = try ThirdParty.run(["python3", ThirdParty.script, "report.dsse.json", "att.pub"], in: folder).status
        #expect(status == 1)
    }

    @Test func `OpenSSL accepts the chain under its strict rules`() throws {
        let folder = try ThirdParty.write(Scenario().build())
        defer { ThirdParty.remove(folder) }
        let run = try ThirdParty.run(
            [
                "openssl", "verify", "-x509_strict", "-no_check_time", "-CAfile", "root.pem", "-untrusted", "inter.pem",
                "leaf.pem",
            ],
            in: folder
        )
        #expect(run.status == 0, "\(run.output)")
    }

    @Test func `OpenSSL reads the leaf as the profile says`() throws {
        let folder = try ThirdParty.write(Scenario().build())
        defer { ThirdParty.remove(folder) }
        let text = try ThirdParty.run(["openssl", "x509", "-noout", "-text", "-in", "leaf.pem"], in: folder).output
        for line in [
            "X509v3 Key Usage: critical", "Digital Signature", "Code Signing",
            "X509v3 Subject Alternative Name: critical", "URI:\(Scenario.identity)", "CT Precertificate SCTs",
            "ecdsa-with-SHA256", "1.3.6.1.4.1.57264.1.1", "1.3.6.1.4.1.57264.1.8",
        ] {
            #expect(text.contains(line), "\(line)")
        }
    }

    @Test func `OpenSSL reads people's keys and CA keys`() throws {
        let folder = try ThirdParty.write(Scenario().build())
        defer { ThirdParty.remove(folder) }
        for pem in [PersonSigner().pem, SigningKey().pem] {
            try Data(pem).write(to: URL(fileURLWithPath: folder + "/key.pem"))
            #expect(
                try ThirdParty.run(["openssl", "pkey", "-noout", "-check", "-in", "key.pem"], in: folder).status == 0
            )
        }
    }
}

/// Runs programs of the host on files written out.
enum ThirdParty {
    static let script = URL(fileURLWithPath: #filePath).deletingLastPathComponent().deletingLastPathComponent()
        .deletingLastPathComponent().appendingPathComponent("docs/verify-report.py").path

    static var toolsExist: Bool {
        ["python3", "openssl"].allSatisfy { FileManager.default.isExecutableFile(atPath: "/usr/bin/" + $0) }
    }

    static func write(_ files: Scenario.Files) throws -> String {
        let name = "attest-\(UUID().uuidString)"
        return try write(files, to: FileManager.default.temporaryDirectory.appendingPathComponent(name).path)
    }

    @discardableResult
    static func write(_ files: Scenario.Files, to path: String) throws -> String {
        let folder = URL(fileURLWithPath: path)
        let results = ["table.csv": Scenario.table, "notes.txt": Scenario.notes]
        for (name, bytes) in files.evidence.merging(files.trust, uniquingKeysWith: { $1 }).merging(
            results,
            uniquingKeysWith: { $1 }
        ) {
            let file = folder.appendingPathComponent(name)
            try FileManager.default.createDirectory(
                at: file.deletingLastPathComponent(),
                withIntermediateDirectories: true
            )
            try Data(bytes).write(to: file)
        }
        return folder.path
    }

    static func remove(_ folder: String) { try? FileManager.default.removeItem(atPath: folder) }

    static func run(_ command: [String], in folder: String) throws -> (status: Int32, output: String) {
        let process = Process()
        let pipe = Pipe()
        process.executableURL = URL(fileURLWithPath: "/usr/bin/env")
        process.arguments = command
        process.currentDirectoryURL = URL(fileURLWithPath: folder)
        process.standardOutput = pipe
        process.standardError = pipe
        try process.run()
        let output = pipe.fileHandleForReading.readDataToEndOfFile()
        process.waitUntilExit()
        return (process.terminationStatus, String(decoding: output, as: UTF8.self))
    }
}
