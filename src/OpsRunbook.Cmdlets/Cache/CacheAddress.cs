using System.Net;
using OpsRunbook.Engine.Health;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Makes a stack of caches out of addresses.</summary>
internal static class CacheAddress
{
    /// <summary>Opens a session on caches that no stack knows.</summary>
    /// <param name="addresses">For example <c>redis://127.0.0.1:6379/2</c>.</param>
    /// <param name="credential">User and password; null for those of the addresses, if any.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException"><c>Cache.UriInvalid</c>.</exception>
    public static StackSession Open(IEnumerable<string> addresses, NetworkCredential? credential)
    {
        var stack = new OpsStack();
        foreach (var address in addresses)
        {
            if (!address.StartsWith("redis://", StringComparison.OrdinalIgnoreCase) && !address.StartsWith("rediss://", StringComparison.OrdinalIgnoreCase))
            {
                // An address may hold a password and is not repeated.
                throw new OpsException(
                    "Cache.UriInvalid", OpsErrorKind.InvalidArgument, "-Uri is not the address of a cache.", "Write redis://host:6379, redis://host:6379/2 for database 2, or rediss:// for TLS.");
            }

            HealthTarget.Add(stack, address, credential);
        }

        return new StackSession(stack);
    }
}
