internal import GloveboxAttestation
internal import GloveboxCore

/// The least that the site's trust policy still lets count.
///
/// A floor rises and never falls: what the settings leave out later stays as it was published.
struct TrustFloors: Sendable {
    /// Security version of the supervisor.
    var svn: UInt64 = 0
    /// Firmware version of the TPM, as its quotes carry it.
    var firmware: UInt64 = 0
    /// Versions of policies.
    var policies: [PolicyFloor] = []

    /// Floors of a site that sets none.
    init() {}

    /// Reads the section `trust` of the settings.
    ///
    /// - Throws: `config.invalid`, codes of the strict reader.
    init(_ section: JSONValue) throws(GloveboxError) {
        var fields = try JSONFields(section, at: "gloveboxd.yaml.trust")
        svn = UInt64(try SiteSettings.number(&fields, "min_svn", 0...Self.greatest) ?? 0)
        if let value = fields.optional("min_firmware") {
            // Version 1 and 2 of `tpm2_getcap properties-fixed`, one after the other.
            guard let text = value.string, text.hasPrefix("0x"), let version = UInt64(text.dropFirst(2), radix: 16)
            else {
                throw SiteSettings.invalid("trust.min_firmware is text such as \"0x2019102300163636\"")
            }
            firmware = version
        }
        if let value = fields.optional("min_policy_versions") {
            var versions = try JSONFields(value, at: "gloveboxd.yaml.trust.min_policy_versions")
            for name in value.object?.names ?? [] {
                let version = try SiteSettings.number(&versions, name, 1...Self.greatest) ?? 1
                policies.append(PolicyFloor(name: name, version: UInt64(version)))
            }
        }
        try fields.finish()
    }

    private static let greatest: Int64 = 1_000_000_000

    /// These floors, or those of the policy before where they are higher.
    func raised(over before: TrustPolicy?) -> TrustFloors {
        var floors = self
        floors.svn = max(svn, before?.reference.minSVN ?? 0)
        floors.policies = before?.minPolicyVersions ?? []
        for new in policies {
            if let index = floors.policies.firstIndex(where: { $0.name.utf8.elementsEqual(new.name.utf8) }) {
                floors.policies[index].version = max(floors.policies[index].version, new.version)
            } else {
                floors.policies.append(new)
            }
        }
        return floors
    }

    /// The attestation keys of the policy before and the one in use, which must have at least this firmware.
    ///
    /// The key in use is listed for an open period; any other one ends where that begins to be used.
    func keys(before: [TrustedAttestationKey], inUse: TrustedAttestationKey?) -> [TrustedAttestationKey] {
        guard let inUse else { return before }
        var keys = before
        for index in keys.indices where !keys[index].isSameKey(as: inUse) && keys[index].validTo == nil {
            keys[index].validTo = inUse.validFrom
        }
        if let index = keys.firstIndex(where: { $0.isSameKey(as: inUse) }) {
            keys[index] = keys[index].atLeast(max(firmware, keys[index].minFirmware))
            keys[index].validTo = nil
        } else {
            keys.append(inUse.atLeast(firmware))
        }
        return keys
    }
}

extension Site {
    /// Checks that this supervisor is not older than what the site lets count: its reports would all be refused.
    ///
    /// - Throws: `svn.downgrade`.
    func requireVersion() throws(GloveboxError) {
        let least = settings.floors.raised(over: try publishedTrust()?.policy).svn
        guard host.svn >= least else {
            throw GloveboxError(
                "svn.downgrade",
                "this supervisor has security version \(host.svn), the site lets none below \(least) count",
                hint: "Start a newer gloveboxd; the floor is 'trust.min_svn' of gloveboxd.yaml, and never falls."
            )
        }
    }
}
