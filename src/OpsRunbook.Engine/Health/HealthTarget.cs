using System.Net;
using OpsRunbook.Engine.Endpoints;

namespace OpsRunbook.Engine.Health;

/// <summary>Makes a stack of one member out of an address, for a check without a stack file.</summary>
public static class HealthTarget
{
    private static readonly string[] Schemes =
        ["http", "https", "tcp", "postgres", "postgresql", "mysql", "mariadb", "mongodb", "redis", "rediss"];

    /// <summary>Adds what an address names to a stack.</summary>
    /// <param name="stack">The stack.</param>
    /// <param name="address">For example <c>https://example.com/health</c>, <c>tcp://host:25</c> or <c>postgres://user@host:5432/database</c>.</param>
    /// <param name="credential">User and password; null for those of the address, if any.</param>
    /// <exception cref="OpsException"><c>Health.UriInvalid</c>.</exception>
    public static void Add(OpsStack stack, string address, NetworkCredential? credential)
    {
        ArgumentNullException.ThrowIfNull(stack);
        ArgumentNullException.ThrowIfNull(address);
        if (!Uri.TryCreate(address, UriKind.Absolute, out var uri) || uri.Host.Length == 0 || !Schemes.Contains(uri.Scheme, StringComparer.Ordinal))
        {
            var shown = address.Contains('@', StringComparison.Ordinal) ? "The address" : $"'{address}'";
            throw new OpsException(
                "Health.UriInvalid",
                OpsErrorKind.InvalidArgument,
                $"{shown} is not an address that can be checked.",
                $"Write scheme://host[:port][/path] with one of {string.Join(", ", Schemes)}.");
        }

        if (uri.Scheme == "tcp" && uri.Port < 0)
        {
            throw new OpsException("Health.UriInvalid", OpsErrorKind.InvalidArgument, $"'{address}' has no port.", "Write tcp://host:port.", address);
        }

        var login = credential ?? Login(uri);
        var name = new UriBuilder(uri) { UserName = string.Empty, Password = string.Empty }.Uri.GetComponents(
            UriComponents.SchemeAndServer | UriComponents.Path, UriFormat.UriEscaped).TrimEnd('/');
        switch (uri.Scheme)
        {
            case "http" or "https":
                stack.Services[name] = new StackService { Health = [Http(uri, credential)] };
                break;
            case "tcp":
                stack.Services[name] = new StackService { Health = [new StackHealthCheck { Tcp = $"{uri.Host}:{uri.Port}" }] };
                break;
            case "redis" or "rediss":
                stack.Caches[name] = Cache(uri, login);
                break;
            default:
                stack.Databases[name] = Database(uri, login);
                break;
        }
    }

    private static StackHealthCheck Http(Uri uri, NetworkCredential? credential)
    {
        var check = new StackHealthCheck { Url = uri.ToString() };
        if (credential is not null)
        {
            check.Headers["Authorization"] = BasicAuthorization(credential);
        }

        return check;
    }

    /// <summary>Value of an <c>Authorization</c> header for a user and password.</summary>
    /// <param name="credential">User and password.</param>
    /// <returns>The value, as a secret.</returns>
    public static SecretReference BasicAuthorization(NetworkCredential credential)
    {
        ArgumentNullException.ThrowIfNull(credential);
        return SecretReference.Plain(BasicLogin.Of(credential.UserName, credential.Password));
    }

    private static StackDatabase Database(Uri uri, NetworkCredential? login)
    {
        var database = new StackDatabase
        {
            Engine = uri.Scheme switch
            {
                "mysql" => DatabaseEngine.MySql,
                "mariadb" => DatabaseEngine.MariaDb,
                "mongodb" => DatabaseEngine.MongoDb,
                _ => DatabaseEngine.Postgres,
            },
            Server = uri.Host,
            Port = Port(uri),
            Database = Uri.UnescapeDataString(uri.AbsolutePath.Trim('/')) is { Length: > 0 } name ? name : null,
            User = login?.UserName,
            Password = Password(login),
        };
        foreach (var option in uri.Query.TrimStart('?').Split('&', StringSplitOptions.RemoveEmptyEntries))
        {
            var parts = option.Split('=', 2);
            SetOption(database, Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : string.Empty);
        }

        return database;
    }

    // By the names that the engines' own clients have for them.
    private static void SetOption(StackDatabase database, string key, string value)
    {
        switch (key.Replace("-", string.Empty, StringComparison.Ordinal).ToUpperInvariant())
        {
            case "SSLMODE":
                database.Tls = value.Replace('_', '-').ToUpperInvariant() switch
                {
                    "DISABLE" or "DISABLED" => "disable",
                    "ALLOW" or "PREFER" or "PREFERRED" => "prefer",
                    "REQUIRE" or "REQUIRED" => "require",
                    "VERIFY-CA" => "verify-ca",
                    "VERIFY-FULL" or "VERIFY-IDENTITY" => "verify-full",
                    _ => throw new OpsException(
                        "Health.UriInvalid", OpsErrorKind.InvalidArgument, $"'{value}' is no mode of TLS.", "Write sslmode=disable, prefer, require, verify-ca or verify-full.", key),
                };
                break;
            case "TLS" or "SSL":
                // As MongoDB has it: with TLS the certificate is verified.
                database.Tls = string.Equals(value, "true", StringComparison.OrdinalIgnoreCase) ? "verify-full" : "disable";
                break;
            case "SSLROOTCERT" or "SSLCA" or "TLSCAFILE":
                database.TlsCa = value;
                break;
            case "AUTHSOURCE" when database.Engine == DatabaseEngine.MongoDb:
                database.AuthSource = value;
                break;
            case "REPLICASET" when database.Engine == DatabaseEngine.MongoDb:
                database.ReplicaSet = value;
                break;
            case "DIRECTCONNECTION" when database.Engine == DatabaseEngine.MongoDb:
                // Always so: it is this server that is meant.
                break;
            default:
                // Its value may be a secret, such as a password, and is not repeated.
                throw new OpsException(
                    "Health.UriInvalid", OpsErrorKind.InvalidArgument, $"The address of a database takes no option '{key}'.", "Write sslmode and sslrootcert, or ssl-mode and ssl-ca, for MongoDB tls, tlsCAFile, authSource and replicaSet; for more, use a stack file.", key);
        }
    }

    private static StackCache Cache(Uri uri, NetworkCredential? login) => new()
    {
        Server = uri.Host,
        Port = Port(uri),
        Database = int.TryParse(uri.AbsolutePath.Trim('/'), out var number) ? number : 0,
        User = login?.UserName is { Length: > 0 } user ? user : null,
        Password = Password(login),
        Tls = uri.Scheme == "rediss" ? "verify-full" : null,
    };

    private static int? Port(Uri uri) => uri.Port > 0 ? uri.Port : null;

    private static SecretReference? Password(NetworkCredential? login) =>
        string.IsNullOrEmpty(login?.Password) ? null : SecretReference.Plain(login.Password);

    private static NetworkCredential? Login(Uri uri)
    {
        if (uri.UserInfo.Length == 0)
        {
            return null;
        }

        var parts = uri.UserInfo.Split(':', 2);
        return new NetworkCredential(Uri.UnescapeDataString(parts[0]), parts.Length > 1 ? Uri.UnescapeDataString(parts[1]) : string.Empty);
    }
}
