internal import GloveboxCore

/// Reads the leaves of one bundle: their kind, form, place and pairing.
///
/// Source: transparency-log specification, sections 7 and 8.
struct LeafReader {
    /// What the next leaf, or the one before, has to fit.
    enum Leaf: Sendable {
        case report
        /// `attestation.issued`, with the index of the report it names.
        case issued(report: UInt64?)
        case other

        /// Whether it is no event.
        var isReport: Bool { if case .report = self { true } else { false } }
    }

    private static let classUID = Array("class_uid".utf8)
    private static let apiVersion = Array("apiVersion".utf8)
    private static let event = Array("event".utf8)
    private static let issued = Array(EventKind.attestationIssued.rawValue.utf8)
    private static let reportLeaf = Array("reportLeaf".utf8)
    private static let reportID = Array("reportId".utf8)

    private let schema: EventSchema
    private var json: PlainJSON

    init(_ bytes: [UInt8], schema: EventSchema) {
        json = PlainJSON(bytes)
        self.schema = schema
    }

    /// Reads a leaf.
    ///
    /// - Throws: `log.leaf-not-canonical`, `log.leaf-kind`, `log.schema`, `log.origin`, `log.sequence`.
    mutating func read(_ range: Range<Int>, index: UInt64) throws(GloveboxError) -> Leaf {
        guard json.scan(range), json.member(Self.classUID, of: 0) != nil, json.member(Self.apiVersion, of: 0) == nil
        else {
            // A report entry, or something that must not be here; the strict reader says which.
            if case .report = try LeafKind(Array(json.bytes[range])) { return .report }
            throw GloveboxError("log.schema", "an event has text or members that no event has")
        }
        let fields = try schema.check(json, index: index)
        guard let event = json.member(Self.event, of: fields), json.isText(event, Self.issued) else { return .other }
        guard json.member(Self.reportID, of: fields) != nil else {
            throw GloveboxError("log.unpaired-report", "attestation.issued names no report")
        }
        let report = json.member(Self.reportLeaf, of: fields).flatMap(json.text)
        return .issued(report: report.flatMap { Decimal.read($0.utf8) })
    }

    /// The event that was read last, for an entry that is no report.
    ///
    /// - Throws: `log.schema`.
    func event(at index: UInt64) throws(GloveboxError) -> PublicEvent { try PublicEvent(scanned: json, at: index) }

    /// Checks that a report and its event stand side by side, and neither without the other.
    ///
    /// - Throws: `log.unpaired-report`.
    static func pair(_ leaf: Leaf, after previous: Leaf, index: UInt64) throws(GloveboxError) {
        switch (previous, leaf) {
        case (.report, .issued(let report)) where report.map({ $0 + 1 }) == index: return
        case (.report, _): throw GloveboxError("log.unpaired-report", "the report before it has no attestation.issued")
        case (_, .issued): throw GloveboxError("log.unpaired-report", "attestation.issued follows no report")
        default: return
        }
    }
}
