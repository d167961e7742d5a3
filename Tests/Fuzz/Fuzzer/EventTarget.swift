import GloveboxCore
import GloveboxTransparency

/// Bodies of events, notes and proofs of the log.
enum EventTarget: FuzzTarget {
    static let name = "events"

    static var seeds: [[UInt8]] {
        var generator = SystemRandomNumberGenerator()
        let body = EventBody([("job", "j-1"), ("rows", 5)], using: &generator)
        let note = """
            example.org/log
            5
            AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=

            — example.org/log AAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=

            """
        let proof = "c2sp.org/tlog-proof@v1\nindex 3\nAAECAwQFBgcICQoLDA0ODxAREhMUFRYXGBkaGxwdHh8=\n\n" + note
        let policy =
            "log example.org/log+00000000+AQ==\nwitness w example.org/w+00000000+AQ==\ngroup g any w\nquorum g\n"
        return [body.bytes, Array(note.utf8), Array(proof.utf8), Array(policy.utf8)]
    }

    static func read(_ bytes: [UInt8]) {
        do { _ = try EventBody(parsing: bytes) } catch {}
        do { _ = try SignedNote(parsing: bytes) } catch {}
        do { _ = try TlogProof(parsing: bytes) } catch {}
        do { _ = try TlogPolicy(parsing: bytes) } catch {}
        do { _ = try TilePath(parsing: String(decoding: bytes, as: UTF8.self)) } catch {}
    }
}
