import GloveboxCore
import GloveboxJobs
import Testing

@Suite struct TokenTableTests {
    private func issued() throws -> (TokenTable, String) {
        var table = TokenTable()
        let issued = try TokenTable.issue(account: "acc_a", at: start, random: (0..<40).map { $0 })
        table.insert(issued.entry)
        return (table, issued.token)
    }

    @Test func `logs in with the token and keeps only a digest of the secret`() throws {
        let (table, token) = try issued()
        #expect(try table.account(for: token, at: start) == "acc_a")
        let secret = token.split(separator: "_")[2]
        for entry in table.entries.values { #expect(!entry.secret.hex.contains(secret)) }
    }

    @Test func `gives wrong, unknown, cut and expired tokens the same answer`() throws {
        let (table, token) = try issued()
        let wrong = [
            "", "gbx_", String(token.dropLast()), token + "0", String(token.dropLast()) + "0", token.uppercased(),
            "gbx_0000000000000000_" + token.suffix(64), "gby" + token.dropFirst(3),
            "gbx_0000000000000000_" + String(repeating: "0", count: 64),
        ]
        for text in wrong {
            #expect(throws: GloveboxError("auth.missing", "")) { try table.account(for: text, at: start) }
        }
        let late = start.adding(seconds: 90 * 86400)
        #expect(throws: GloveboxError("auth.missing", "")) { try table.account(for: token, at: late) }
        var answers: Set<String> = []
        for text in wrong + [token] {
            do throws(GloveboxError) { _ = try table.account(for: text, at: late) } catch {
                answers.insert(error.description)
            }
        }
        #expect(answers.count == 1)
    }

    @Test func `forgets a token`() throws {
        var (table, token) = try issued()
        let removed = table.remove(id: String(token.dropFirst(4).prefix(16)))
        #expect(removed)
        #expect(throws: GloveboxError("auth.missing", "")) { try table.account(for: token, at: start) }
        #expect(throws: GloveboxError("internal", "")) {
            try TokenTable.issue(account: "acc_a", at: start, random: [1])
        }
    }
}
