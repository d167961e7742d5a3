import GloveboxCore
import GloveboxDocuments
import GloveboxPolicy

/// A policy that someone wrote: whatever the bytes, it is refused or has one canonical form.
enum YAMLTarget: FuzzTarget {
    static let name = "yaml"

    static let seeds: [[UInt8]] = [
        """
        apiVersion: glovebox/v1
        kind: OutputPolicy
        metadata: {name: seed, version: 1}
        tier: recomputed
        outputs:
          - {name: table.csv, type: csv, max_rows: 10}
          - {name: table.spec.json, type: table-spec}
        checks:
          threshold: {min_units: 10, zeros: disclosive}
        channels: {release_tick: 15m, pad: [4096]}
        """,
        """
        apiVersion: glovebox/v1
        kind: Dataset
        metadata: {name: seed, version: 1}
        privacy_unit: {column: row, kind: row-number}
        columns:
          - {name: a, type: category, codes: ["1", "2"]}
          - {name: x, type: decimal, decimals: 2, min: "-1.5", max: "9", bandings: {two: ["-1.5", "0", "9"]}}
        """,
        "kind: InputPolicy\napiVersion: glovebox/v1\ncolumns: [a, 'b', \"c\"]\n",
    ].map { Array($0.utf8) }

    static func read(_ bytes: [UInt8]) {
        let value: JSONValue
        do { value = try StrictYAML.read(bytes) } catch { return }
        do {
            let document = try DocumentKind(of: value).read(value)
            let again = try DocumentKind(of: document.canonical).read(document.canonical)
            precondition(again.digest == document.digest, "the canonical form has another digest")
        } catch {}
    }
}
