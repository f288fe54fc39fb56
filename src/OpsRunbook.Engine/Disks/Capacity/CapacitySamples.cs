using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using OpsRunbook.Engine.State;

namespace OpsRunbook.Engine.Disks.Capacity;

/// <summary>The module's own samples: one value for each day of each thing, kept for two years.</summary>
/// <param name="store">Where they are kept.</param>
internal sealed class CapacitySamples(IStateStore store)
{
    private const string DocumentKind = "sample";
    private const int MostDays = 730;

    private static readonly JsonSerializerOptions Format = new() { PropertyNamingPolicy = JsonNamingPolicy.CamelCase };

    /// <summary>Adds a value, which takes the place of one of the same day, and gives all there are.</summary>
    /// <param name="stack">Name of the stack.</param>
    /// <param name="kind">What may run out.</param>
    /// <param name="host">Its host.</param>
    /// <param name="target">Its name.</param>
    /// <param name="value">The value now.</param>
    /// <param name="now">The present moment, UTC.</param>
    /// <param name="cancellationToken">Ends the writing.</param>
    /// <returns>Times and values, in order of time.</returns>
    /// <exception cref="OpsException">An id that begins with <c>State.</c>.</exception>
    public async Task<IReadOnlyList<(DateTime Time, double Value)>> AddAsync(
        string stack, CapacityKind kind, string host, string target, double value, DateTime now, CancellationToken cancellationToken)
    {
        var id = Id(stack, kind, host, target);
        while (true)
        {
            var known = await store.ReadAsync(DocumentKind, id, cancellationToken);
            var values = known is null ? [] : Read(known, id).Values;
            values.RemoveAll(sample => DateTime.UnixEpoch.AddSeconds(sample[0]).Date == now.Date);
            values.Add([Math.Floor((now - DateTime.UnixEpoch).TotalSeconds), value]);
            values.Sort((one, other) => one[0].CompareTo(other[0]));
            values.RemoveRange(0, Math.Max(0, values.Count - MostDays));
            try
            {
                await store.WriteAsync(DocumentKind, id, JsonSerializer.SerializeToUtf8Bytes(new Document(stack, kind.ToString(), host, target, values), Format), false, known?.Version ?? 0, cancellationToken);
                return values.ConvertAll(sample => (DateTime.UnixEpoch.AddSeconds(sample[0]), sample[1]));
            }
            catch (OpsException error) when (error.Id == "State.Changed")
            {
                // Somebody else has added his value; ours goes beside it.
            }
        }
    }

    private Document Read(StateDocument document, string id)
    {
        try
        {
            if (JsonSerializer.Deserialize<Document>(document.Json.Span, Format) is { Values: { } values } read && values.TrueForAll(value => value is { Length: 2 }))
            {
                return read;
            }
        }
        catch (JsonException)
        {
            // Said below.
        }

        throw new OpsException(
            "State.Corrupt", OpsErrorKind.InvalidData, $"The samples {DocumentKind}/{id} in {store.Location} are none.", "Look at the document; without it the samples begin anew.", id);
    }

    // Paths and names may hold what an id may not.
    private static string Id(string stack, CapacityKind kind, string host, string target)
    {
        var hash = SHA256.HashData(Encoding.UTF8.GetBytes(string.Join('\0', stack, kind.ToString(), host, target)));
        return string.Create(CultureInfo.InvariantCulture, $"capacity-{kind.ToString().ToLowerInvariant()}-{Convert.ToHexString(hash.AsSpan(0, 12)).ToLowerInvariant()}");
    }

    private sealed record Document(string Stack, string Kind, string Host, string Target, List<double[]> Values);
}
