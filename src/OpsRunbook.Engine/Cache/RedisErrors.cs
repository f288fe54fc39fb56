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
            "READONLY" => ("Cache.ReadOnlyReplica", OpsErrorKind.Refused, $"{target} is a read-only replica and does not take {command}.",
                "Name the master; Get-CacheStatus says which server that is."),
            "OOM" => ("Cache.OutOfMemory", OpsErrorKind.OperationFailed, $"{target} has reached its maxmemory and does not take {command}.",
                "Remove keys that nobody needs (Get-CacheKey -GroupBy Prefix), or raise the limit (Set-CachePolicy -MaxMemory)."),
            "BUSY" => ("Cache.Busy", OpsErrorKind.Timeout, $"{target} runs a script that does not end and answers nothing else.",
                "Look at Get-CacheSlowLog; SCRIPT KILL on the server ends it when it has written nothing."),
            "MISCONF" => ("Cache.SaveFailed", OpsErrorKind.OperationFailed, $"{target} cannot save its data and does not take {command}.",
                "Look at the server's log and at the space on its disk."),
            "CLUSTERDOWN" => ("Cache.ClusterDown", OpsErrorKind.Connection, $"{target} says that its cluster is down: not every slot is served.",
                "Get-CacheStatus shows the nodes; CLUSTER NODES on the server says which are missing."),
            "MOVED" or "ASK" => ("Cache.KeyMoved", OpsErrorKind.OperationFailed, $"{target} no longer has the key of {command}; it moved to another node of the cluster.",
                "Run the command again."),
            _ when text.StartsWith("ERR unknown command", StringComparison.Ordinal) || text.StartsWith("ERR unknown subcommand", StringComparison.Ordinal) =>
                ("Cache.CommandUnknown", OpsErrorKind.OperationFailed, $"{target} does not know {command}: it is too old, or the command was renamed or disabled there (rename-command).", null),
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

    /// <summary>The server takes no commands from this connection at all.</summary>
    /// <param name="text">The error as the server wrote it.</param>
    /// <returns>True when it does not.</returns>
    public static bool IsTurnedAway(string text) =>
        text.StartsWith("NOAUTH", StringComparison.Ordinal) || text.StartsWith("DENIED", StringComparison.Ordinal) || text.Contains("max number of clients", StringComparison.Ordinal);

    /// <summary>The same failure under the cache's own identifier.</summary>
    /// <param name="error">A failure to reach the endpoint.</param>
    /// <returns>The error itself when it is about something else.</returns>
    public static OpsException FromEndpoint(OpsException error) => error.Id.StartsWith("Endpoint.", StringComparison.Ordinal)
        ? new OpsException("Cache" + error.Id["Endpoint".Length..], error.Kind, error.Message, error.NextStep, error.Target, error)
        : error;

    /// <summary>The connection broke after it had worked.</summary>
    /// <param name="target">The server.</param>
    /// <param name="error">What broke it.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException Lost(string target, Exception error) => new(
        "Cache.ConnectionLost",
        OpsErrorKind.Connection,
        $"The connection to {target} was lost: {error.Message}.",
        "See whether the server still runs (Get-CacheStatus), then run the command again.",
        target,
        error);

    public static OpsException Protocol(string target, Exception error) => new(
        "Cache.ProtocolError",
        OpsErrorKind.InvalidData,
        $"{target} does not answer as a Redis server does: {error.Message}.",
        "Check the port, and whether the server wants TLS (tls: require) or does not.",
        target,
        error);
}
