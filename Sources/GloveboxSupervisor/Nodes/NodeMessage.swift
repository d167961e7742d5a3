internal import GloveboxAPI
internal import GloveboxCore
internal import GloveboxJail
internal import GloveboxJobs
internal import GloveboxLink

/// What a supervisor and a node say to each other, each in one frame of canonical JSON.
enum NodeMessage {
    /// Node: it has come for this job; digest of its launcher, and what would protect a jail.
    case offer(task: String, launcher: Digest, protections: JailProtections)
    /// Supervisor: run this.
    case order(NodeOrder)
    /// Node: whether the image is to follow.
    case needs(image: Bool)
    /// Node: the jail stands empty, so protected; its directories are to follow.
    case ready(JailProtections)
    /// Node: they are filled; a digest of each.
    case staged([Digest])
    /// Node: the jail as its kernel describes it, before the first instruction.
    case built(JailReadback, JailProtections)
    /// Supervisor: that is in the log; execute.
    case execute
    /// Supervisor: end it now.
    case cancel
    /// Node: how the run ended, as ``JailResult/json``; what it left is to follow.
    case ended(JSONValue)
    /// Node: its statement on all that, an envelope, and what the commitment in it is salted with.
    case signed(envelope: [UInt8], salt: [UInt8])
    /// Node: its signature over all that stands before this in a file, an envelope of a ``ResultSeal``.
    case sealed([UInt8])
    /// Supervisor: there is nothing more to run.
    case over
    /// Either: this cannot be, and why.
    case fault(GloveboxError)

    /// Reads one.
    ///
    /// - Throws: `worker.message`, codes of the strict reader.
    init(_ frame: LinkFrame) throws(GloveboxError) {
        guard frame.kind == .message else { throw Self.unexpected }
        var limits = JSONReader.Limits()
        limits.bytes = LinkFrame.Kind.message.limit
        var fields = try JSONFields(JSONReader.readCanonical(frame.bytes, limits: limits), at: "node")
        switch try fields.string("kind") {
        case "offer":
            guard try fields.integer("version") == Self.version else { throw Self.otherVersion }
            self = .offer(
                task: try fields.string("task"),
                launcher: try fields.digest("launcher"),
                protections: try JailProtections(json: fields.required("protections"))
            )
        case "order": self = .order(try NodeOrder(json: fields.required("order")))
        case "needs": self = .needs(image: try fields.bool("image"))
        case "ready": self = .ready(try JailProtections(json: fields.required("protections")))
        case "staged":
            self = .staged(
                try fields.array("digests").map { (json) throws(GloveboxError) in
                    guard let digest = json.string.flatMap(Digest.init(hex:)) else { throw Self.unexpected }
                    return digest
                }
            )
        case "built":
            self = .built(
                try JailReadback(json: fields.required("readback")),
                try JailProtections(json: fields.required("protections"))
            )
        case "execute": self = .execute
        case "cancel": self = .cancel
        case "ended": self = .ended(try fields.required("result"))
        case "signed": self = .signed(envelope: try fields.base64("envelope"), salt: try fields.base64("salt"))
        case "sealed": self = .sealed(try fields.base64("envelope"))
        case "over": self = .over
        case "fault":
            let (code, message) = (try fields.string("code"), try fields.string("message"))
            self = .fault(Self.fault(code, message, hint: try fields.optionalString("hint")))
        default: throw Self.otherVersion
        }
        try fields.finish()
    }

    /// The message.
    var bytes: [UInt8] {
        var json = JSONObject()
        switch self {
        case .offer(let task, let launcher, let protections):
            (json["kind"], json["version"]) = ("offer", .integer(Self.version))
            (json["task"], json["launcher"], json["protections"]) = (.string(task), launcher.json, protections.json)
        case .order(let order): (json["kind"], json["order"]) = ("order", order.json)
        case .needs(let image): (json["kind"], json["image"]) = ("needs", .bool(image))
        case .ready(let protections): (json["kind"], json["protections"]) = ("ready", protections.json)
        case .staged(let digests):
            (json["kind"], json["digests"]) = ("staged", .array(digests.map { .string($0.hex) }))
        case .built(let readback, let protections):
            (json["kind"], json["readback"], json["protections"]) = ("built", readback.json, protections.json)
        case .execute: json["kind"] = "execute"
        case .cancel: json["kind"] = "cancel"
        case .ended(let result): (json["kind"], json["result"]) = ("ended", result)
        case .signed(let envelope, let salt):
            json["kind"] = "signed"
            (json["envelope"], json["salt"]) = (.string(Base64.encode(envelope)), .string(Base64.encode(salt)))
        case .sealed(let envelope):
            (json["kind"], json["envelope"]) = ("sealed", .string(Base64.encode(envelope)))
        case .over: json["kind"] = "over"
        case .fault(let error):
            (json["kind"], json["code"], json["message"]) = ("fault", .string(error.code), .string(error.message))
            json["hint"] = error.hint.map { .string($0) }
        }
        return CanonicalJSON.encode(.object(json))
    }

    private static let version: Int64 = 2

    private static let otherVersion = GloveboxError("worker.message", "supervisor and node are of different versions")

    /// What is said of a message or a frame that has no place where it comes.
    static let unexpected = GloveboxError("worker.message", "the other machine says something that has no place here")

    /// The other machine's words, fit for logs and terminals.
    private static func fault(_ code: String, _ message: String, hint: String?) -> GloveboxError {
        let letters = Set("abcdefghijklmnopqrstuvwxyz0123456789.-".utf8)
        let isCode = (1...64).contains(code.utf8.count) && code.utf8.allSatisfy(letters.contains)
        return GloveboxError(
            isCode ? code : "worker.fault",
            Display.escape(String(message.prefix(1000))),
            hint: hint.map { Display.escape(String($0.prefix(1000))) }
        )
    }
}

extension LinkSocket {
    /// Sends a message.
    ///
    /// - Throws: `link.*`.
    func send(_ message: NodeMessage) throws(GloveboxError) { try send(.message, message.bytes) }

    /// The next message, which must come within so many milliseconds.
    ///
    /// - Throws: `link.*`, `worker.message`, and what the other machine refuses with.
    func message(milliseconds: Int32 = -1) throws(GloveboxError) -> NodeMessage {
        let message = try NodeMessage(receive(milliseconds: milliseconds))
        if case .fault(let why) = message { throw why }
        return message
    }
}
