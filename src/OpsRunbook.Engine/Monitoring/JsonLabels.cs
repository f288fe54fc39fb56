using System.Text.Json;

namespace OpsRunbook.Engine.Monitoring;

/// <summary>Reads the answers of Prometheus and Alertmanager.</summary>
internal static class JsonLabels
{
    /// <summary>An object of texts.</summary>
    /// <param name="parent">Object that holds it.</param>
    /// <param name="name">Its name.</param>
    /// <returns>Its members.</returns>
    public static Dictionary<string, string> Read(JsonElement parent, string name) =>
        parent.GetProperty(name).EnumerateObject().ToDictionary(label => label.Name, label => label.Value.ToString(), StringComparer.Ordinal);

    /// <summary>Reads an answer, and says whose it is when it cannot be read.</summary>
    /// <typeparam name="T">What is read.</typeparam>
    /// <param name="server">Who answered.</param>
    /// <param name="read">Reads it.</param>
    /// <returns>What was read.</returns>
    public static T Guard<T>(MonitoringServer server, Func<T> read)
    {
        try
        {
            return read();
        }
        catch (Exception error) when (error is KeyNotFoundException or InvalidOperationException or FormatException or IndexOutOfRangeException or ArgumentNullException)
        {
            throw server.NotOurs(error.Message, error);
        }
    }
}
