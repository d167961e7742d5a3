internal import COpenSSL
internal import GloveboxCore

/// What OpenSSL needs to answer one query; everything it allocates is freed with it.
@safe final class StampSigner {
    // How far the host's clock may be off, as every stamp says.
    private static let accuracySeconds: Int32 = 1
    private let context: OpaquePointer
    private let certificate: OpaquePointer
    private let key: OpaquePointer

    /// Loads certificate and private key (DER) under a policy's object identifier.
    ///
    /// - Throws: `timestamp.authority` when they cannot be read, do not belong together, or are not for time stamps.
    init(certificate der: [UInt8], key keyDER: [UInt8], policy: String) throws(GloveboxError) {
        guard let context = unsafe TS_RESP_CTX_new() else { throw Self.failure("out of memory") }
        var certificate: OpaquePointer?
        unsafe der.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            unsafe certificate = d2i_X509(nil, &start, bytes.count)
        }
        var key: OpaquePointer?
        unsafe keyDER.withUnsafeBufferPointer { bytes in
            var start = bytes.baseAddress
            unsafe key = d2i_AutoPrivateKey(nil, &start, bytes.count)
        }
        guard let certificate = unsafe certificate, let key = unsafe key else {
            unsafe TS_RESP_CTX_free(context)
            unsafe X509_free(certificate)
            unsafe EVP_PKEY_free(key)
            throw Self.failure("certificate or key cannot be read")
        }
        unsafe self.context = context
        unsafe self.certificate = certificate
        unsafe self.key = key
        let policyObject = unsafe OBJ_txt2obj(policy, 1)
        defer { unsafe ASN1_OBJECT_free(policyObject) }
        unsafe TS_RESP_CTX_set_serial_cb(context, { _, _ in unsafe StampSigner.serial() }, nil)
        guard unsafe X509_check_private_key(certificate, key) == 1,
            unsafe TS_RESP_CTX_set_signer_cert(context, certificate) == 1,
            unsafe TS_RESP_CTX_set_signer_key(context, key) == 1,
            unsafe TS_RESP_CTX_set_signer_digest(context, EVP_sha256()) == 1,
            unsafe TS_RESP_CTX_set_ess_cert_id_digest(context, EVP_sha256()) == 1,
            unsafe TS_RESP_CTX_add_md(context, EVP_sha256()) == 1,
            unsafe TS_RESP_CTX_set_def_policy(context, policyObject) == 1,
            unsafe TS_RESP_CTX_set_accuracy(context, Self.accuracySeconds, 0, 0) == 1
        else { throw Self.failure(Self.reason()) }
    }

    deinit {
        unsafe TS_RESP_CTX_free(context)
        unsafe X509_free(certificate)
        unsafe EVP_PKEY_free(key)
    }

    /// Answers a TimeStampReq (DER); only a granted answer counts.
    ///
    /// - Throws: `timestamp.authority`.
    func answer(_ query: [UInt8]) throws(GloveboxError) -> [UInt8] {
        var response: OpaquePointer?
        unsafe query.withUnsafeBytes { bytes in
            let input = unsafe BIO_new_mem_buf(bytes.baseAddress, Int32(bytes.count))
            unsafe response = TS_RESP_create_response(context, input)
            unsafe BIO_free_all(input)
        }
        guard let response = unsafe response else { throw Self.failure(Self.reason()) }
        defer { unsafe TS_RESP_free(response) }
        let status = unsafe TS_STATUS_INFO_get0_status(TS_RESP_get_status_info(response))
        guard unsafe ASN1_INTEGER_get(status) == 0 else { throw Self.failure(Self.reason()) }
        let length = Int(unsafe i2d_TS_RESP(response, nil))
        guard length > 0 else { throw Self.failure(Self.reason()) }
        return unsafe [UInt8](unsafeUninitializedCapacity: length) { buffer, count in
            var start = buffer.baseAddress
            count = unsafe Int(i2d_TS_RESP(response, &start))
        }
    }

    // Serial numbers must never repeat; 63 random bits need no file that could be lost.
    private static func serial() -> UnsafeMutablePointer<ASN1_INTEGER>? {
        let number = unsafe ASN1_INTEGER_new()
        guard unsafe ASN1_INTEGER_set_uint64(number, UInt64.random(in: 1...(.max >> 1))) == 1 else { return nil }
        return unsafe number
    }

    private static func reason() -> String {
        let code = ERR_get_error()
        guard code != 0, let text = unsafe ERR_reason_error_string(code) else { return "no reason given" }
        return unsafe String(cString: text)
    }

    private static func failure(_ reason: String) -> GloveboxError {
        GloveboxError("timestamp.authority", "OpenSSL made no time stamp: \(Display.escape(reason))")
    }
}
