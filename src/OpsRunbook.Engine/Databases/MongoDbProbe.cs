using System.Diagnostics;
using System.Text.Json.Nodes;

namespace OpsRunbook.Engine.Databases;

/// <summary>MongoDB: the <c>hello</c> command, which every server answers without login, and a login through <c>mongosh</c> where one is configured.</summary>
/// <param name="target">Where it is.</param>
internal sealed class MongoDbProbe(DatabaseTarget target) : IDatabaseProbe
{
    public async Task<DatabaseReading> ReadAsync(CancellationToken cancellationToken)
    {
        var hello = await MongoHello.ReadAsync(target, cancellationToken);
        var set = hello.SetName is { } name ? $" of {name}" : string.Empty;
        var reading = new DatabaseReading("MongoDB", hello.Latency)
        {
            Tls = hello.Tls,
            Role = hello.Role switch
            {
                "single" => null,
                "router" => "router",
                { } role => role + set,
                null => throw DatabaseErrors.Starting(target.Text, hello.Says ?? $"it is neither primary nor secondary{set}."),
            },
        };
        if (!target.HasLogin)
        {
            return reading;
        }

        try
        {
            return await LogInAsync(hello, reading, cancellationToken);
        }
        catch (OpsException error) when (error.Id is "Db.ToolMissing" or "Db.ToolFailed")
        {
            return reading with { NotTried = error };
        }
    }

    private async Task<DatabaseReading> LogInAsync(MongoHello hello, DatabaseReading reading, CancellationToken cancellationToken)
    {
        var start = Stopwatch.GetTimestamp();
        await using var session = await MongoSession.OpenAsync(target, hello, cancellationToken);
        target.Timings.LogIn = Stopwatch.GetElapsedTime(start);
        var asked = Stopwatch.GetTimestamp();
        var version = (await session.RunAsync("admin", new JsonObject { ["buildInfo"] = 1 }, cancellationToken)).Text("version");
        target.Timings.Query = Stopwatch.GetElapsedTime(asked);
        reading = reading with { Product = version is null ? reading.Product : $"{reading.Product} {version}", Latency = Stopwatch.GetElapsedTime(start) };
        try
        {
            var connections = (await session.RunAsync("admin", MongoStatus.Question(), cancellationToken)).Member("connections");
            return reading with
            {
                Connections = (int?)connections?.Number("current"),
                MaximumConnections = (int?)(connections?.Number("current") + connections?.Number("available")),
            };
        }
        catch (OpsException error) when (error.Id == "Db.Forbidden")
        {
            // A user of an application may log in and no more.
            return reading;
        }
    }
}
