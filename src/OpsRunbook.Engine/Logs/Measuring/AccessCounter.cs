using OpsRunbook.Engine.Logs.Formats;

namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>Counts requests, for one thread.</summary>
/// <param name="bucket">Width of a bucket of time, ticks.</param>
/// <param name="counts">Takes the counts.</param>
internal sealed class AccessCounter(long bucket, AccessCounts counts)
{
    private readonly byte[] _route = new byte[(PatternFolder.Longest * 2) + 16];
    private (long Number, AccessCount? Count) _time;

    /// <summary>Counts a request.</summary>
    /// <param name="request">The request.</param>
    public void Add(in AccessLine request)
    {
        var (status, bytes, micros) = (request.Status, request.Bytes, double.IsNaN(request.Seconds) ? -1 : (long)(request.Seconds * 1e6));
        counts.Codes[status]++;
        var method = request.Method[..Math.Min(request.Method.Length, 10)];
        method.CopyTo(_route);
        _route[method.Length] = (byte)' ';
        var length = method.Length + 1 + PatternFolder.FoldRoute(request.Path, _route.AsSpan(method.Length + 1));
        counts.Routes.Get(_route.AsSpan(0, length), out _).Add(status, bytes, micros);
        if (!request.Client.IsEmpty)
        {
            counts.AddClient(request.Client[..Math.Min(request.Client.Length, 64)], status, bytes);
        }

        if (request.Time == 0)
        {
            return;
        }

        counts.First = counts.First == 0 || request.Time < counts.First ? request.Time : counts.First;
        counts.Last = Math.Max(counts.Last, request.Time);
        var number = request.Time / bucket;
        if (_time.Count is null || _time.Number != number)
        {
            if (!counts.Times.TryGetValue(number, out var count))
            {
                count = new AccessCount([]);
                counts.Times.Add(number, count);
            }

            _time = (number, count);
        }

        _time.Count!.Add(status, bytes, micros);
    }
}
