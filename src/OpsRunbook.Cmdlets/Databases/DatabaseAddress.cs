using System.Net;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Databases named by an address instead of a stack.</summary>
internal static class DatabaseAddress
{
    private static readonly string[] Schemes = ["postgres://", "postgresql://", "mysql://", "mariadb://", "mongodb://"];

    /// <summary>Opens a session on databases that no stack knows.</summary>
    /// <param name="addresses">For example <c>postgres://127.0.0.1:5432/shop</c>.</param>
    /// <param name="credential">User and password; null for those of the addresses, if any.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException"><c>Db.UriInvalid</c>.</exception>
    public static StackSession Open(IEnumerable<string> addresses, NetworkCredential? credential)
    {
        var stack = new OpsStack();
        foreach (var address in addresses)
        {
            if (!Array.Exists(Schemes, scheme => address.StartsWith(scheme, StringComparison.OrdinalIgnoreCase)))
            {
                // An address may hold a password and is not repeated.
                throw new OpsException(
                    "Db.UriInvalid", OpsErrorKind.InvalidArgument, "-Uri is not the address of a database.", $"Write {string.Join("host, ", Schemes)}host, with :port and /database as needed.");
            }

            HealthTarget.Add(stack, address, credential);
        }

        return new StackSession(stack);
    }
}
