internal import GloveboxCore

/// The report's EAT forms say what the report says, under the report's key, in the one form that the site writes.
///
/// The algorithm is never the token's choice. Source: attestation specification, section 14; RFC 9052, RFC 7515.
struct TokenChecks {
    let token: AttestationToken
    let key: VerifyingKey

    /// Everything wrong with a CWT: `token.form`, `token.algorithm`, `token.key`, `token.signature`, `token.nonce`,
    /// `token.profile`, `token.claims`.
    func cwt(_ file: [UInt8]) -> [GloveboxError] {
        do throws(GloveboxError) {
            guard case .tagged(18, .array(let parts)) = try CBORReader.read(file), parts.count == 4,
                case .bytes(let protected) = parts[0], case .map(let unprotected) = parts[1],
                case .bytes(let payload) = parts[2], case .bytes(let signature) = parts[3]
            else { throw CBORReader.refused("it is no COSE_Sign1") }
            guard case .map(let claims) = try CBORReader.read(payload) else {
                throw CBORReader.refused("the claims are no map")
            }
            var causes = claimCauses(
                Dictionary(claims.map { ($0.0.encoded, $0.1.encoded) }) { first, _ in first },
                Dictionary(token.cborPairs.map { ($0.0.encoded, $0.1.encoded) }) { first, _ in first },
                nonce: CBOR.integer(AttestationToken.Label.nonce).encoded,
                profile: CBOR.integer(AttestationToken.Label.profile).encoded
            )
            if protected != AttestationToken.protectedHeader { causes.insert(Self.algorithm, at: 0) }
            if CBOR.map(unprotected).encoded != AttestationToken.unprotectedHeader(key).encoded {
                causes.insert(Self.otherKey, at: 0)
            }
            let message = AttestationToken.toBeSigned(protected: protected, claims: payload)
            return signatureCauses(signature, over: message) + causes
        } catch { return [error] }
    }

    /// Everything wrong with a JWT; codes as of ``cwt(_:)``.
    func jwt(_ file: [UInt8]) -> [GloveboxError] {
        do throws(GloveboxError) {
            let form = GloveboxError("token.form", "the JWT is not three parts in base64url")
            let parts = file.split(separator: UInt8(ascii: "."), maxSplits: 3, omittingEmptySubsequences: false)
            guard parts.count == 3 else { throw form }
            let decoded = parts.compactMap { Base64.decodeURL(String(decoding: $0, as: UTF8.self)) }
            guard decoded.count == 3 else { throw form }
            let header = try Self.object(decoded[0], "header")
            let claims = try Self.object(decoded[1], "claims")
            let expected = try Self.object(token.jsonClaims, "claims")
            var causes = claimCauses(
                Self.table(claims),
                Self.table(expected),
                nonce: Array("eat_nonce".utf8),
                profile: Array("eat_profile".utf8)
            )
            if header["alg"] != "ES256" { causes.insert(Self.algorithm, at: 0) }
            if header["kid"] != .string(key.keyID) { causes.insert(Self.otherKey, at: 0) }
            if header["typ"] != "JWT" || header.members.count != 3 {
                causes.insert(GloveboxError("token.form", "the JWT's header demands something else"), at: 0)
            }
            let message = Array(file[..<parts[1].endIndex])
            return signatureCauses(decoded[2], over: message) + causes
        } catch { return [error] }
    }

    private static let algorithm = GloveboxError("token.algorithm", "the token is not signed with ES256 alone")
    private static let otherKey = GloveboxError("token.key", "the token names another key than the report's leaf")

    private static func object(_ bytes: [UInt8], _ what: String) throws(GloveboxError) -> JSONObject {
        do throws(GloveboxError) {
            guard let object = try JSONReader.readCanonical(bytes).object else {
                throw GloveboxError("schema.type", "no object")
            }
            return object
        } catch { throw GloveboxError("token.form", "the JWT's \(what): \(error.message)") }
    }

    private static func table(_ object: JSONObject) -> [[UInt8]: [UInt8]] {
        Dictionary(object.members.map { (Array($0.name.utf8), CanonicalJSON.encode($0.value)) }) { first, _ in first }
    }

    private func claimCauses(
        _ found: [[UInt8]: [UInt8]],
        _ expected: [[UInt8]: [UInt8]],
        nonce: [UInt8],
        profile: [UInt8]
    ) -> [GloveboxError] {
        let different = Set(found.keys).union(expected.keys).filter { found[$0] != expected[$0] }
        var causes: [GloveboxError] = []
        if different.contains(nonce) {
            causes.append(GloveboxError("token.nonce", "the token answers another nonce than the report"))
        }
        if different.contains(profile) {
            causes.append(GloveboxError("token.profile", "the token is of another profile"))
        }
        if !different.subtracting([nonce, profile]).isEmpty {
            causes.append(GloveboxError("token.claims", "the token says something else than the report"))
        }
        return causes
    }

    private func signatureCauses(_ signature: [UInt8], over message: [UInt8]) -> [GloveboxError] {
        do throws(GloveboxError) {
            guard signature.count == 64 else { throw GloveboxError("token.signature", "no signature of 64 bytes") }
            try key.check(ECDSASignature.encode(raw: signature), over: message)
            return []
        } catch { return [GloveboxError("token.signature", "the token is not signed by the report's leaf")] }
    }
}
