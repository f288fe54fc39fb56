using System.Text.Json;

namespace OpsRunbook.Engine.Services;

/// <summary>
/// What <c>pm2 jlist</c> prints: one JSON array, at times after a banner on the same stream (the first
/// command of a session prints one, and so does a pm2 that has just been updated).
/// </summary>
internal static class Pm2List
{
    /// <summary>The list in the output.</summary>
    /// <param name="output">Standard output of <c>pm2 jlist</c>.</param>
    /// <param name="read">Takes one process of the list.</param>
    /// <returns>The processes; null when there is no list.</returns>
    public static List<T>? Read<T>(string output, Func<JsonElement, T> read)
    {
        for (var start = output.IndexOf('[', StringComparison.Ordinal); start >= 0; start = output.IndexOf('[', start + 1))
        {
            if (start > 0 && output[start - 1] != '\n')
            {
                continue;
            }

            try
            {
                using var list = JsonDocument.Parse(output.AsMemory(start));
                return list.RootElement.EnumerateArray().Select(read).ToList();
            }
            catch (Exception error) when (error is JsonException or InvalidOperationException)
            {
                // A line of the banner, such as "[PM2] Spawning": the list comes later.
            }
        }

        return null;
    }
}
