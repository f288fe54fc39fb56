namespace OpsRunbook.Engine.Databases;

/// <summary>Failures of MongoDB.</summary>
internal static class MongoErrors
{
    /// <summary>Code of what a user has no right to.</summary>
    public const int Unauthorized = 13;

    /// <summary>The failure behind an error code of the server.</summary>
    /// <param name="code">Its number.</param>
    /// <param name="says">Its text.</param>
    /// <param name="target">The server.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException FromCode(int code, string says, DatabaseTarget target) => code switch
    {
        18 or 11 or 8000 => new OpsException(
            "Db.LoginRefused",
            OpsErrorKind.PermissionDenied,
            $"{target.Text} refused the login of '{target.User}': {says}",
            $"Check user and password. The user is looked for in the database '{target.LoginDatabase}'; authSource names another one.",
            target.Text),
        Unauthorized when !target.HasLogin => DatabaseErrors.LoginRefused(target.Text, null, says),
        Unauthorized => DatabaseErrors.Forbidden(target.Text, target.User, says),
        91 or 11600 or 13435 or 13436 or 211 => DatabaseErrors.Starting(target.Text, says),
        50 => new OpsException("Db.Timeout", OpsErrorKind.Timeout, $"{target.Text} did not answer in time: {says}", "Look what it does, or give it longer with -Timeout.", target.Text),
        26 => DatabaseErrors.DatabaseMissing(target.Text, null, says),
        _ => DatabaseErrors.Failed(target.Text, $"{says} ({code})"),
    };

    /// <summary>The connection was closed without a word, which MongoDB does to whom it has no connection left for.</summary>
    /// <param name="target">The server.</param>
    /// <param name="inner">What was seen of it.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException ClosedAtOnce(DatabaseTarget target, Exception? inner) => new(
        "Db.TooManyConnections",
        OpsErrorKind.Connection,
        $"{target.Text} closes connections before it answers. MongoDB does that when it has as many as it takes (net.maxIncomingConnections).",
        "Look into its log for 'too many open connections', and end clients that leak them. If it is none, check that the port belongs to MongoDB.",
        target.Text,
        inner);

    public static OpsException TlsRequired(DatabaseTarget target) => new(
        "Db.TlsRequired", OpsErrorKind.Connection, $"{target.Text} takes encrypted connections only.", "Set tls: verify-full (or require), in an address ?tls=true.", target.Text);
}
