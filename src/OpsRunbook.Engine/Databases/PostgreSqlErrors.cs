using Npgsql;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Databases;

/// <summary>What is behind a failure of PostgreSQL or of its driver.</summary>
internal static class PostgreSqlErrors
{
    /// <summary>The failure behind an exception of the driver.</summary>
    /// <param name="error">The exception.</param>
    /// <param name="target">The server.</param>
    /// <param name="forwarded">Why the way to the server could not be opened; null when it could.</param>
    /// <param name="verdict">How its certificate was judged; null without TLS that must be.</param>
    /// <param name="isLoggedIn">The connection had been good before.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException Classify(Exception error, DatabaseTarget target, OpsException? forwarded, TlsVerdict? verdict, bool isLoggedIn = false)
    {
        var rejected = target.RequiredTls is { Insecure: false } ? verdict?.Problem : null;
        if ((error as OpsException ?? forwarded ?? rejected) is { } known)
        {
            return DatabaseErrors.FromEndpoint(known);
        }

        if (error is PostgresException refused)
        {
            return FromServer(refused.SqlState, refused.MessageText, target, refused);
        }

        return error.Message.Contains("No SSL enabled connection", StringComparison.Ordinal)
            ? DatabaseErrors.TlsRefused(target.Text, error)
            : isLoggedIn ? DatabaseErrors.ConnectionLost(target.Text, error.GetBaseException().Message)
            : DatabaseErrors.Protocol(target.Text, "PostgreSQL", error.GetBaseException().Message, error);
    }

    /// <summary>The failure behind a message of the server.</summary>
    /// <param name="sqlState">Its code: https://www.postgresql.org/docs/current/errcodes-appendix.html.</param>
    /// <param name="says">Its text.</param>
    /// <param name="target">The server.</param>
    /// <param name="inner">The exception of the driver; null for none.</param>
    /// <returns>An exception to throw.</returns>
    public static OpsException FromServer(string sqlState, string says, DatabaseTarget target, Exception? inner = null) => sqlState switch
    {
        "28P01" or "28000" => DatabaseErrors.LoginRefused(target.Text, target.User, says, inner),
        "3D000" => DatabaseErrors.DatabaseMissing(target.Text, target.Database.Database, says, inner),
        "53300" => DatabaseErrors.TooManyConnections(target.Text, says, inner),
        "57P03" or "57P01" or "57P02" => DatabaseErrors.Starting(target.Text, says, inner),
        "42501" => DatabaseErrors.Forbidden(target.Text, target.User, says, inner),
        _ => DatabaseErrors.Failed(target.Text, $"{says} ({sqlState})", inner),
    };
}
