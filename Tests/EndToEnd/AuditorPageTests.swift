import Glibc
import GloveboxCore
import GloveboxLinux
import GloveboxTransparency
import TestSupport
import Testing

/// The auditor's page in a real browser.
@Suite(.enabled(if: ShownPage.hasBrowser, "needs the package chromium-headless-shell"))
struct AuditorPageTests {
    private let site: AuditorSite
    private let page: AuditorPage

    init() throws {
        site = try AuditorSite()
        page = try AuditorPage(site.export + "/auditor.html")
    }

    /// A forgery: what was changed, the step that refuses it and its code.
    private struct Forgery {
        let step: String
        let code: String
        let change: (inout AuditorPage) throws -> Void

        init(_ step: String, _ code: String, _ change: @escaping (inout AuditorPage) throws -> Void) {
            self.step = step
            self.code = code
            self.change = change
        }
    }

    private func forgeries() throws -> [Forgery] {
        let (mine, other) = (site.signer, try NoteSigner.generate(name: AuditorSite.origin))
        let bundle = try #require(page.files.keys.first { $0.hasPrefix("tile/entries/") })
        let tile = try #require(page.files.keys.first { $0.hasPrefix("tile/0/") })
        let sizeLine = AuditorSite.origin.utf8.count + 1
        func edit(_ path: String, _ change: @escaping (inout [UInt8]) -> Void) -> (inout AuditorPage) -> Void {
            { page in change(&page.files[path, default: []]) }
        }
        let hidden = "\"commitment\":\"\(Digest.zero.hex)\""
        func replace(_ old: String, _ new: String) -> (inout AuditorPage) -> Void {
            { page in page.changeBodies { $0.replacing(old, with: new) } }
        }
        // Another letter of base64, so that the form stays right.
        func letter(_ note: inout [UInt8]) { note[note.count - 10] = note[note.count - 10] == 65 ? 66 : 65 }
        // Another digit, and no zero, so that the size stays a number.
        func digit(_ note: inout [UInt8]) { note[sizeLine] = note[sizeLine] == 57 ? 56 : note[sizeLine] + 1 }
        func append(_ text: String) -> (inout [UInt8]) -> Void { { $0 += Array(text.utf8) } }
        return [
            Forgery("key", "log.key") { try $0.rewrite(signer: other) { _ in } },
            Forgery("key", "log.key") { $0.files["b.vkey"] = $0.files["\(AuditorSite.origin).vkey"] },
            Forgery("checkpoint", "log.note-format", edit("checkpoint") { $0.removeLast() }),
            Forgery("checkpoint", "log.note-format", edit("checkpoint") { $0.insert(13, at: 5) }),
            Forgery("signature", "log.checkpoint-signature", edit("checkpoint", letter)),
            Forgery("signature", "log.checkpoint-signature", edit("checkpoint", digit)),
            Forgery("entries", "log.bundle-missing") { $0.files[bundle] = nil },
            Forgery("entries", "log.bundle-format", edit(bundle, append("x"))),
            Forgery("tiles", "log.tile-hash", edit(bundle) { $0[$0.count - 9] ^= 1 }),
            Forgery("tiles", "log.tile-hash", edit(tile) { $0[40] ^= 1 }),
            Forgery("tiles", "log.tile-missing") { $0.files[tile] = nil },
            Forgery("root", "log.root-mismatch") { try $0.rewrite(signer: nil) { $0.swapAt(1, 2) } },
            Forgery("leaves", "log.leaf-not-canonical") { try $0.rewrite(signer: mine) { $0[1].append(32) } },
            Forgery("leaves", "log.leaf-kind") { try $0.rewrite(signer: mine) { $0[1] = Array("{}".utf8) } },
            Forgery("leaves", "log.sequence") { try $0.rewrite(signer: mine) { $0.swapAt(1, 2) } },
            Forgery("bodies", "audit.body-mismatch", replace("\"audrey\"", "\"audre1\"")),
            Forgery("bodies", "audit.body-mismatch", replace("\"index\":\"1\"", "\"index\":\"2\"")),
            Forgery("bodies", "audit.body-mismatch", replace("\"fields\":[{", "\"fields\":[{\(hidden)},{")),
            Forgery("bodies", "audit.body-format", edit("bodies.jsonl", append("{}\n"))),
        ]
    }

    @Test func `is green on a good export, and red at the step that fails on every forgery`() throws {
        let forgeries = try forgeries()
        var paths = [site.export + "/auditor.html"]
        for (number, forgery) in forgeries.enumerated() {
            var forged = page
            try forgery.change(&forged)
            paths.append(site.path("forged-\(number).html"))
            try LogOnDisk.write(forged.bytes, paths[number + 1])
        }
        let shown = try ShownPage.open(paths, key: site.key)
        try #require(shown.count == paths.count)
        #expect(shown[0].text("before") == "unpinned", "without a key, nothing is verified")
        #expect(shown[0].text("state") == "verified", "\(shown[0].json)")
        #expect(shown[0].steps("passed").count == 8 && shown[0].text("text").contains("emulated"))
        for (page, forgery) in zip(shown.dropFirst(), forgeries) {
            #expect(page.text("state") == "refused" && page.steps("failed") == [forgery.step], "\(page.json)")
            #expect(page.text("reason").contains("[\(forgery.code)]"), "\(page.text("reason"))")
            #expect(!page.text("text").contains("Verified") && page.json["events"] == 0)
        }
        for page in shown { #expect(page.isQuiet, "a page loads nothing and has no faults") }
    }

    /// Events that a signed log has and no log may have, and what the verifier says of each.
    private static let misshapen: [(old: String, new: String, code: String)] = [
        ("\"v\":\"1\"", "\"v\":\"1\",\"w\":\"x\"", "log.schema"),
        ("\"v\":\"1\"", "\"v\":\"2\"", "log.schema"),
        ("\"event\":\"log.created\"", "\"event\":\"job.unheard\"", "log.schema"),
        ("\"event\":\"log.created\"", "\"event\":\"log.stopped\"", "log.schema"),
        ("\"status_code\":\"ok\"", "\"status_code\":\"all is well\"", "log.schema"),
        ("\"authMethod\":\"none\",", "", "log.schema"),
        ("hmac-sha256:", "hmac-sha256:0", "log.schema"),
        ("\"monoNs\":\"", "\"monoNs\":\"0", "log.schema"),
        ("\"status_id\":1", "\"status_id\":3", "log.schema"),
        ("\"origin\":\"log.t.example\"", "\"origin\":\"log.u.example\"", "log.origin"),
        ("\"sequence\":0", "\"sequence\":1", "log.sequence"),
    ]

    @Test func `holds every event to the form that the verifier asks for, and verifies none that is unknown`() throws {
        var paths: [String] = []
        for (number, (old, new, code)) in Self.misshapen.enumerated() {
            var forged = page
            try forged.rewrite(signer: site.signer) { entries in
                entries[0] = Array(String(decoding: entries[0], as: UTF8.self).replacing(old, with: new).utf8)
            }
            #expect(forged.files != page.files, "\(old) stands in the first entry")
            paths.append(site.path("misshapen-\(number).html"))
            try LogOnDisk.write(forged.bytes, paths[number])
            let log = site.path("misshapen-\(number)")
            try forged.unpack(to: log)
            let run = try site.audit("verify", log: log)
            #expect(run.status == 1 && run.output.contains(code), "\(new): \(run.output)")
        }
        let shown = try ShownPage.open(paths, key: site.key)
        try #require(shown.count == paths.count)
        for (page, (_, new, code)) in zip(shown, Self.misshapen) {
            #expect(page.text("state") == "refused" && page.steps("failed") == ["leaves"], "\(new): \(page.json)")
            #expect(page.text("reason").contains("[\(code)]"), "\(new): \(page.text("reason"))")
        }
    }

    @Test func `takes a fingerprint for a key, and no other`() throws {
        let page = site.export + "/auditor.html"
        let fingerprint = Hex.encode(try NoteKey(vkey: site.key).logID)
        for (key, state) in [
            (fingerprint, "verified"), (fingerprint.uppercased(), "verified"), (" ", "unpinned"),
            (String(fingerprint.dropLast()), "refused"), (Digest.zero.hex, "refused"), ("<b>x</b>", "refused"),
        ] {
            let shown = try #require(try ShownPage.open([page], key: key).first)
            #expect(shown.text("state") == state, "\(key)")
        }
    }

    @Test func `checks a receipt against the key and the log, and refuses another entry's`() throws {
        let (proof, entry, other) = (site.path("e.tlog-proof"), site.path("e.json"), site.path("o.json"))
        for (index, path) in [("3", entry), ("4", other)] {
            let run = try site.audit(
                "prove",
                [index, "--out", index == "3" ? proof : proof + "4", "--entry-out", path]
            )
            try #require(run.status == 0, "\(run.output)")
        }
        for (file, state) in [(entry, "verified"), (other, "refused")] {
            let pages = try ShownPage.open(
                [site.export + "/auditor.html"],
                key: site.key,
                ["--receipt", proof, file]
            )
            let shown = try #require(pages.first)
            #expect(shown.text("receipt") == state, "\(shown.text("receiptText"))")
        }
    }

    @Test func `a page without the log checks the folder it is given`() throws {
        var bare = page
        bare.files = [:]
        let path = site.path("bare.html")
        try LogOnDisk.write(bare.bytes, path)
        let shown = try #require(try ShownPage.open([path], key: site.key, ["--folder", site.export]).first)
        #expect(shown.text("before") == "empty" && shown.text("state") == "verified", "\(shown.json)")
    }
}
