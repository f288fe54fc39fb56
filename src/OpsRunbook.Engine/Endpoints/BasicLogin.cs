using System.Text;

namespace OpsRunbook.Engine.Endpoints;

/// <summary>The <c>Authorization</c> header for a user and password (RFC 7617, UTF-8).</summary>
internal static class BasicLogin
{
    /// <summary>Its value, which is a secret.</summary>
    /// <param name="user">User.</param>
    /// <param name="password">Password.</param>
    /// <returns>The value.</returns>
    public static string Of(string user, string password) => "Basic " + Convert.ToBase64String(Encoding.UTF8.GetBytes($"{user}:{password}"));
}
