namespace OpsRunbook.Engine.Logs.Measuring;

/// <summary>
/// Counts requests by client, some at a time. The entries of many clients lie all over the memory: when a core looks for
/// several at once it waits for all of them as long as for one.
/// </summary>
/// <param name="clients">The counts.</param>
internal sealed class ClientBatch(KeyTable<AccessCount> clients)
{
    private const int Size = 64;

    private readonly (KeyPrint Client, int Status, long Bytes)[] _waiting = new (KeyPrint, int, long)[Size];
    private int _count;

    /// <summary>Counts a request, now or later.</summary>
    /// <param name="client">Address of the client.</param>
    /// <param name="status">Status code.</param>
    /// <param name="bytes">Bytes sent; below 0 for not known.</param>
    public void Add(ReadOnlySpan<byte> client, int status, long bytes)
    {
        if (client.Length > KeyPrint.Whole)
        {
            clients.Get(client, out _).Add(status, bytes, micros: -1);
            return;
        }

        _waiting[_count++] = (KeyPrint.Of(client), status, bytes);
        if (_count == Size)
        {
            Flush();
        }
    }

    /// <summary>Counts what waits.</summary>
    public void Flush()
    {
        var waiting = _waiting.AsSpan(0, _count);
        _count = 0;
        var known = 0;
        foreach (ref readonly var request in waiting)
        {
            known += clients.Touch(request.Client) ? 1 : 0;
        }

        if (known < 0)
        {
            return;
        }

        foreach (ref readonly var request in waiting)
        {
            clients.Get(request.Client).Add(request.Status, request.Bytes, micros: -1);
        }
    }
}
