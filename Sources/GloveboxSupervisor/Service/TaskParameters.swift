internal import GloveboxAPI
internal import GloveboxAttestation
internal import GloveboxCore
internal import GloveboxJobs

/// What a task says to Glovebox in its tags and backend parameters.
///
/// Source: job-backend section 3.4.
struct TaskParameters {
    var policy: String?
    /// What is demanded of the machine.
    var isolation: Manifest.Isolation?
    var seed: UInt64?
    var timeout: UInt64?
    var project = Project.standard
    var purpose = ""
    var nonce: [UInt8]?
    /// Sentences about what was passed over.
    var warnings: [String] = []

    /// The keys that can be used.
    static let keys = [
        "glovebox_isolation", "glovebox_mode", "glovebox_policy", "glovebox_profile", "glovebox_seed",
        "glovebox_timeout_s",
    ]

    /// Reads them.
    ///
    /// - Throws: `request.invalid` with the member for a value that is none, or an unknown key where the task is strict.
    init(_ task: TaskDocument) throws(GloveboxError) {
        let parameters = task.resources?.parameters ?? []
        let isStrict = task.resources?.isStrict ?? false
        for (name, value) in parameters { try read(name, value, isStrict: isStrict) }
        for (name, value) in task.tags {
            switch name.lowercased() {
            case "project":
                guard Identifier.isName(value) else { throw Self.invalid("/tags/\(name)", "is no name of a project") }
                project = value
            case "glovebox.purpose":
                guard value.utf8.count <= 4096 else { throw Self.invalid("/tags/\(name)", "has at most 4096 bytes") }
                purpose = value
            case "glovebox.nonce":
                guard let bytes = Base64.decodeURL(value), bytes.count == 32 else {
                    throw Self.invalid("/tags/\(name)", "must be 32 bytes in base64url without padding")
                }
                nonce = bytes
            default: break
            }
        }
    }

    private mutating func read(_ name: String, _ value: String, isStrict: Bool) throws(GloveboxError) {
        let place = "/resources/backend_parameters/" + name
        switch name.lowercased() {
        case "glovebox_policy": policy = value
        case "glovebox_seed":
            guard let number = UInt64(value) else { throw Self.invalid(place, "must be a whole number") }
            seed = number
        case "glovebox_timeout_s":
            guard let number = UInt64(value), number > 0 else {
                throw Self.invalid(place, "must be a number of seconds")
            }
            timeout = number
        case "glovebox_isolation":
            guard let asked = Manifest.Isolation(rawValue: value) else { throw Self.invalid(place, "must be full") }
            isolation = asked
        case "glovebox_mode":
            guard value == "real" else { throw Self.invalid(place, "must be real; 'glovebox try' runs on mock data") }
        case "glovebox_profile":
            guard value == Site.profileName else { throw Self.invalid(place, "must be \(Site.profileName)") }
        default:
            guard !isStrict else {
                throw Self.invalid(place, "is not known here; known are \(Self.keys.joined(separator: ", "))")
            }
            warnings.append("The backend parameter \(Display.escape(name)) is not known here and was dropped.")
        }
    }

    /// What is held fixed, if the task names a seed: the clock stands at the first second of 2020.
    var deterministic: RequestedDeterminism? {
        seed.map { RequestedDeterminism(seed: $0, clock: Instant(seconds: 1_577_836_800)) }
    }

    static func invalid(_ pointer: String, _ message: String, code: String = "request.invalid") -> GloveboxError {
        GloveboxError(
            code,
            "\(pointer) \(message)",
            causes: [GloveboxError.Cause(pointer, code, message)]
        )
    }
}
