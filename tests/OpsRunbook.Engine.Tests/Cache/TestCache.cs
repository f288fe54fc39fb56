using OpsRunbook.Engine.Cache;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Cache;

/// <summary>A cache of a stack on a test's server, with what a command says about it.</summary>
internal sealed class TestCache : IAsyncDisposable
{
    private readonly StackSession _session;

    public TestCache(RedisServer server, int database = 0, bool limited = false)
        : this(new StackCache
        {
            Server = "127.0.0.1",
            Port = server.Port,
            User = limited ? server.LimitedUser : server.User,
            Password = SecretReference.Parse(limited ? server.LimitedPassword : server.Password),
            Tls = server.TlsCaFile is null ? null : "require",
            Database = database,
        })
    {
    }

    public TestCache(StackCache definition)
    {
        Definition = definition;
        _session = new StackSession(new OpsStack { Name = "shop", Caches = { ["cache"] = Definition } });
    }

    public StackCache Definition { get; }

    public Dictionary<string, StackHost> Hosts => _session.Stack.Hosts;

    public RecordedOutput Output { get; set; } = new();

    public MemoryJournal Journal { get; } = new();

    public CacheTarget Target => CacheTarget.Select(_session, [], null, null, Output)[0];

    public ChangeRunner Changes(string? reason = null, bool force = false) => new(Output, Journal, new ChangeOrigin("Test-Cache", "shop", reason, force));

    /// <summary>What a command said, from an empty record.</summary>
    public async Task<IReadOnlyList<T>> RunAsync<T>(Func<CacheTarget, Task> command)
    {
        Output = new RecordedOutput { IsWhatIf = Output.IsWhatIf, Answer = Output.Answer };
        await command(Target);
        return Output.Items.OfType<T>().ToList();
    }

    public Task<IReadOnlyList<CacheKey>> FindAsync(KeyQuery query) => RunAsync<CacheKey>(target => new KeyFinder(target, query, Output).RunAsync(CancellationToken.None));

    public async Task<CacheRemoval> RemoveAsync(KeyRemovalRequest request, string? reason = null, bool force = false) =>
        Assert.Single(await RunAsync<CacheRemoval>(target => new KeyRemover(target, request, Changes(reason, force), Output).RunAsync(CancellationToken.None)));

    public async Task<RedisConnection> ConnectAsync()
    {
        await using var server = await Target.OpenAsync(CancellationToken.None);
        return await server.ConnectAsync(CancellationToken.None);
    }

    /// <summary>Writes many keys at once.</summary>
    public async Task FillAsync(int count, Func<int, RedisCommand> command)
    {
        await using var connection = await ConnectAsync();
        foreach (var chunk in Enumerable.Range(0, count).Chunk(5000))
        {
            Assert.DoesNotContain(await connection.PipelineAsync([.. chunk.Select(command)], CancellationToken.None), reply => reply.IsError);
        }
    }

    public async Task<long> SizeAsync()
    {
        await using var connection = await ConnectAsync();
        return (await connection.ExecuteAsync(new RedisCommand("DBSIZE"), CancellationToken.None)).Integer;
    }

    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
