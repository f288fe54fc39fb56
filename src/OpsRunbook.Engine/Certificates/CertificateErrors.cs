namespace OpsRunbook.Engine.Certificates;

/// <summary>Failures of reading certificates, in the same words wherever they arise.</summary>
internal static class CertificateErrors
{
    public static OpsException FileMissing(string host, string path) => new(
        "Certificate.FileMissing", OpsErrorKind.NotFound, $"The file {path} does not exist on {host}.", path.Contains(':', StringComparison.Ordinal) ? "Check the path; a server is named with -Endpoint." : "Check the path.", path);

    public static OpsException FileEmpty(string path) => new(
        "Certificate.FileEmpty", OpsErrorKind.InvalidData, $"The file {path} is empty.", "Issue the certificate again, or restore the file.", path);

    public static OpsException NotACertificate(string path, string what) => new(
        "Certificate.FileInvalid", OpsErrorKind.InvalidData, $"The file {path} holds no certificate: {what}.", "Check that it is the right file: openssl x509 -noout -text -in FILE.", path);

    public static OpsException KeyInstead(string path) => new(
        "Certificate.KeyInstead", OpsErrorKind.InvalidData, $"The file {path} holds a private key where a certificate belongs.", "Name the certificate's file; that of the key belongs to -KeyPath.", path);

    public static OpsException Damaged(string path, string what) => new(
        "Certificate.FileDamaged", OpsErrorKind.InvalidData, $"The file {path} is damaged: {what}.", "Issue the certificate again, or restore the file.", path);

    public static OpsException PasswordWrong(string path, bool given) => new(
        "Certificate.PasswordWrong",
        OpsErrorKind.PermissionDenied,
        given ? $"The passphrase does not open {path}." : $"{path} needs a passphrase.",
        "Give it with -Credential; the user name does not matter.",
        path);

    public static OpsException CaFile(string path, string cause, Exception? inner = null) => new(
        "Endpoint.CaFileUnreadable",
        OpsErrorKind.InvalidArgument,
        $"The file of certificate authorities '{path}' cannot be used: {cause}",
        "Name a file with one or more PEM certificates.",
        path,
        inner);
}
