namespace OpsRunbook.Engine.Databases;

/// <summary>Failures of databases, with the same identifiers for every engine.</summary>
internal static class DatabaseErrors
{
    /// <summary>The same failure under the database's own identifier.</summary>
    /// <param name="error">A failure to reach the endpoint.</param>
    /// <returns>The error itself when it is about something else.</returns>
    public static OpsException FromEndpoint(OpsException error) => error.Id.StartsWith("Endpoint.", StringComparison.Ordinal)
        ? new OpsException("Db" + error.Id["Endpoint".Length..], error.Kind, error.Message, error.NextStep, error.Target, error)
        : error;

    public static OpsException TlsRefused(string target, Exception? inner = null) => new(
        "Db.TlsRefused",
        OpsErrorKind.Connection,
        $"{target} offers no TLS, but the stack requires it.",
        "Enable TLS on the server, or set tls: prefer when the way to it is safe.",
        target,
        inner);

    public static OpsException LoginRefused(string target, string? user, string says, Exception? inner = null) => new(
        "Db.LoginRefused",
        OpsErrorKind.PermissionDenied,
        $"{target} refused the login{(user is null ? string.Empty : $" of '{user}'")}: {says}",
        "Check user and password, and from where the server lets that user in.",
        target,
        inner);

    public static OpsException Forbidden(string target, string? user, string says, Exception? inner = null) => new(
        "Db.Forbidden",
        OpsErrorKind.PermissionDenied,
        $"{target} does not allow this{(user is null ? string.Empty : $" to '{user}'")}: {says}",
        "Grant the right that is named, or use -Credential of a user who has it.",
        target,
        inner);

    public static OpsException DatabaseMissing(string target, string? database, string says, Exception? inner = null) => new(
        "Db.DatabaseMissing",
        OpsErrorKind.NotFound,
        database is null ? $"{target}: {says}" : $"{target} has no database '{database}'.",
        "Check the database's name in the stack file, and whether it was dropped or never restored.",
        target,
        inner);

    public static OpsException TooManyConnections(string target, string says, Exception? inner = null) => new(
        "Db.TooManyConnections",
        OpsErrorKind.Connection,
        $"{target} takes no more connections: {says}",
        "A slot is kept for administrators: Get-DbSession with the -Credential of one shows who holds the connections, and Stop-DbSession ends those that idle.",
        target,
        inner);

    public static OpsException ConnectionLost(string target, string says) => new(
        "Db.ConnectionLost",
        OpsErrorKind.Connection,
        $"The connection to {target} was lost: {says}",
        "Check whether the server was restarted or the session ended, then look how far it came.",
        target);

    public static OpsException Starting(string target, string says, Exception? inner = null) => new(
        "Db.Starting",
        OpsErrorKind.Connection,
        $"{target} takes no logins now: {says}",
        "It is starting, recovering or shutting down; look at its log.",
        target,
        inner);

    public static OpsException Protocol(string target, string product, string says, Exception? inner = null) => new(
        "Db.ProtocolError",
        OpsErrorKind.InvalidData,
        $"{target} does not answer as {product} does: {says}",
        "Check that the port belongs to the database server.",
        target,
        inner);

    public static OpsException Failed(string target, string says, Exception? inner = null) => new(
        "Db.Failed",
        OpsErrorKind.OperationFailed,
        $"{target} answered with an error: {says}",
        null,
        target,
        inner);

    public static OpsException RowsUnexpected(string target, long? affected, long wanted) => new(
        "Db.RowsUnexpected",
        OpsErrorKind.Refused,
        $"The statement affected {(affected is null ? "an unknown number of rows" : $"{affected} rows")} of {target} instead of {wanted}, and was rolled back.",
        affected == 0 ? "Check the name; or it was so already." : "Check the statement's condition.",
        target);

    public static OpsException ParameterType(string name, object value) => new(
        "Db.ParameterType",
        OpsErrorKind.InvalidArgument,
        $"The parameter '{name}' is a {value.GetType().Name}, which is no value of SQL.",
        "Give a text, a number, a date, $true, $false or $null; a list as a text that the server takes apart, such as '{1,2}'.",
        name);
}
