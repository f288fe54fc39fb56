namespace OpsRunbook.Engine.Cache;

/// <summary>What Redis refuses, with stable identifiers.</summary>
internal static class RedisErrors
{
    /// <summary>The failure behind an error reply.</summary>
    /// <param name="reply">The error as the server wrote it.</param>
    /// <param name="command">Name of the command.</param>
    /// <param name="target">The server.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException FromReply(RedisReply reply, string command, string target)
    {
        var text = reply.Text;
        var (id, kind, message, next) = text.Split(' ', 2)[0] switch
        {
            "NOAUTH" => ("Cache.LoginRequired", OpsErrorKind.PermissionDenied, $"{target} asks for a password and none is configured.",
                "Give the cache a password in the stack file: password: \"${env:…}\"."),
            "WRONGPASS" => ("Cache.LoginRefused", OpsErrorKind.PermissionDenied, $"{target} refused the user or the password.",
                "Check user and password against the server's requirepass or ACL."),
            "NOPERM" => ("Cache.NoPermission", OpsErrorKind.PermissionDenied, $"{target} does not let this user run {command}.",
                $"Grant it: ACL SETUSER … +{command.ToLowerInvariant()}."),
            "LOADING" => ("Cache.Loading", OpsErrorKind.Connection, $"{target} is loading its data and answers no commands yet.",
                "Wait; INFO persistence says how much is left."),
            "DENIED" => ("Cache.ProtectedMode", OpsErrorKind.PermissionDenied, $"{target} runs in protected mode and takes only connections from its own machine.",
                "Set a password on the server, or connect from its own host (host: in the stack file)."),
            "MASTERDOWN" => ("Cache.MasterDown", OpsErrorKind.Connection, $"{target} is a replica without its master and serves no stale data.",
                "Check the master, or replica-serve-stale-data."),
            _ when text.Contains("max number of clients", StringComparison.Ordinal) => ("Cache.TooManyClients", OpsErrorKind.Connection,
                $"{target} takes no more clients.", "Look for a client that leaks connections (CLIENT LIST) or raise maxclients."),
            _ when text.Contains("without any password", StringComparison.Ordinal) || text.Contains("no password is set", StringComparison.Ordinal) =>
                ("Cache.NoPasswordSet", OpsErrorKind.InvalidArgument, $"{target} has no password, but one is configured here.",
                    "Set requirepass on the server, or remove the password from the stack file."),
            _ when text.Contains("invalid password", StringComparison.Ordinal) => ("Cache.LoginRefused", OpsErrorKind.PermissionDenied,
                $"{target} refused the password.", "Check it against the server's requirepass."),
            _ => ("Cache.CommandRefused", OpsErrorKind.OperationFailed, $"{target} refused {command}: {text}", null),
        };
        return new OpsException(id, kind, message, next, target);
    }

    /// <summary>The same failure under the cache's own identifier.</summary>
    /// <param name="error">A failure to reach the endpoint.</param>
    /// <returns>The error itself when it is about something else.</returns>
    public static OpsException FromEndpoint(OpsException error) => error.Id.StartsWith("Endpoint.", StringComparison.Ordinal)
        ? new OpsException("Cache" + error.Id["Endpoint".Length..], error.Kind, error.Message, error.NextStep, error.Target, error)
        : error;

    public static OpsException Protocol(string target, Exception error) => new(
        "Cache.ProtocolError",
        OpsErrorKind.InvalidData,
        $"{target} does not answer as a Redis server does: {error.Message}.",
        "Check the port, and whether the server wants TLS (tls: require) or does not.",
        target,
        error);
}
