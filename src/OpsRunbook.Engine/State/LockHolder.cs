using System.Diagnostics;
using System.Globalization;
using System.Text.Json;

namespace OpsRunbook.Engine.State;

/// <summary>Who holds a lock.</summary>
/// <param name="User">User.</param>
/// <param name="Machine">Machine.</param>
/// <param name="Pid">Id of the process there.</param>
/// <param name="Started">When that process began, UTC: tells it from another one that has its id now.</param>
/// <param name="Since">When it took the lock, UTC.</param>
/// <param name="Purpose">What for.</param>
internal sealed record LockHolder(string User, string Machine, int Pid, DateTime Started, DateTime Since, string Purpose)
{
    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>False when it is a process of this machine that has ended: another one has taken its lock over and not yet said so.</summary>
    public bool MayLive
    {
        get
        {
            if (Machine != Environment.MachineName)
            {
                return true;
            }

            try
            {
                using var process = Process.GetProcessById(Pid);
                return (process.StartTime.ToUniversalTime() - Started).Duration() < TimeSpan.FromSeconds(2);
            }
            catch (Exception error) when (error is ArgumentException or InvalidOperationException)
            {
                return false;
            }
            catch (System.ComponentModel.Win32Exception)
            {
                // Another user's.
                return true;
            }
        }
    }

    /// <summary>This process.</summary>
    /// <param name="purpose">What it takes a lock for.</param>
    /// <returns>The holder.</returns>
    public static LockHolder Self(string purpose)
    {
        using var self = Process.GetCurrentProcess();
        return new LockHolder(Environment.UserName, Environment.MachineName, Environment.ProcessId, self.StartTime.ToUniversalTime(), DateTime.UtcNow, purpose);
    }

    /// <summary>Reads what <see cref="ToJson"/> wrote.</summary>
    /// <param name="json">Content of a lock.</param>
    /// <returns>The holder; null when nobody stands there, or something else.</returns>
    public static LockHolder? Parse(ReadOnlySpan<byte> json)
    {
        try
        {
            return json.IsEmpty ? null : JsonSerializer.Deserialize<LockHolder>(json, Format);
        }
        catch (JsonException)
        {
            return null;
        }
    }

    public byte[] ToJson() => JsonSerializer.SerializeToUtf8Bytes(this, Format);

    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{User} on {Machine} (process {Pid}) since {Since:yyyy-MM-dd HH:mm:ss} UTC for {Purpose}");
}
