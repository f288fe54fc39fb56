using OpsRunbook.Engine.Databases;
using OpsRunbook.Engine.Safety;
using OpsRunbook.Engine.Stacks;
using OpsRunbook.Engine.Tests.Safety;
using OpsRunbook.Fixtures;

namespace OpsRunbook.Engine.Tests.Databases;

/// <summary>A database of a stack on a test's server, with what a command says about it.</summary>
internal sealed class TestDatabase : IAsyncDisposable
{
    private readonly StackSession _session;

    public TestDatabase(PostgreSqlServer server, string database, string? user = null, string? password = null)
        : this(new StackDatabase
        {
            Engine = DatabaseEngine.Postgres,
            Server = server.Host,
            Port = server.Port,
            Database = database,
            User = user ?? server.User,
            Password = SecretReference.Parse(password ?? server.Password),
        })
    {
    }

    public TestDatabase(MariaDbServer server, string? database)
        : this(new StackDatabase
        {
            Engine = DatabaseEngine.MariaDb,
            Server = server.Host,
            Port = server.Port,
            Database = database,
            User = server.User,
            Password = SecretReference.Parse(server.Password),
        })
    {
    }

    private TestDatabase(StackDatabase definition)
    {
        definition.Timeout = TimeSpan.FromSeconds(30);
        Definition = definition;
        _session = new StackSession(new OpsStack { Name = "shop", Databases = { ["db"] = definition } });
        Member = new DatabaseMember(_session, "db", definition);
    }

    public StackDatabase Definition { get; }

    public DatabaseMember Member { get; }

    public RecordedOutput Output { get; set; } = new();

    public MemoryJournal Journal { get; } = new();

    public ChangeRunner Changes(string? reason = null, bool force = false) => new(Output, Journal, new ChangeOrigin("Test-Db", "shop", reason, force));

    public Task<IReadOnlyList<DbTable>> TablesAsync(params string[] names) => new DatabaseTables(Member).ReadTablesAsync(new TableFilter(names, []), Output, default);

    public async Task<DbTable> TableAsync(string name) => Assert.Single(await TablesAsync(name));

    public Task<IReadOnlyList<DbIndex>> IndexesAsync(TimeSpan? age = null) => new DatabaseTables(Member).ReadIndexesAsync(new TableFilter([], []), age ?? TimeSpan.FromDays(14), Output, default);

    public async Task<IReadOnlyList<DbRow>> QueryAsync(string query, params (string Name, object? Value)[] values)
    {
        Output = new RecordedOutput();
        await new DatabaseQuery(Member, Output).ReadAsync(Request(query, values), default);
        return Output.Items.OfType<DbRow>().ToList();
    }

    public async Task<DbWriteResult> WriteAsync(string query, params (string Name, object? Value)[] values)
    {
        Output = new RecordedOutput();
        await new DatabaseQuery(Member, Output).WriteAsync(Request(query, values), Changes(), default);
        return Assert.Single(Output.Items.OfType<DbWriteResult>());
    }

    public static DbQueryRequest Request(string query, params (string Name, object? Value)[] values) =>
        new(query, values.ToDictionary(pair => pair.Name, pair => pair.Value, StringComparer.OrdinalIgnoreCase));

    /// <summary>Runs maintenance from an empty record of what it says.</summary>
    public async Task<IReadOnlyList<DbMaintenanceResult>> MaintainAsync(MaintenanceRequest request, bool force = false, CancellationToken stop = default)
    {
        Output = new RecordedOutput { IsWhatIf = Output.IsWhatIf, Answer = Output.Answer };
        await new DatabaseMaintenance(Member, request, Changes(force ? "test" : null, force), Output).RunAsync(stop);
        return Output.Items.OfType<DbMaintenanceResult>().ToList();
    }

    public static MaintenanceRequest Request(DbMaintenanceOperation operation, params string[] tables) => new([operation], new TableFilter(tables, []));

    public ValueTask DisposeAsync() => _session.DisposeAsync();
}
