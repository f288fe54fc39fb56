using System.Globalization;
using System.Security.Cryptography;
using System.Text;
using System.Text.Json;
using System.Text.Json.Nodes;
using System.Threading.Channels;
using OpsRunbook.Engine.Endpoints;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Safety;

namespace OpsRunbook.Engine.Databases;

/// <summary>
/// A session of <c>mongosh</c> on this machine, kept open for one command of the module: to start it takes a second. The login and
/// the questions travel through standard input. It connects to a <see cref="PortForward"/>, behind which the server may be anywhere,
/// and which encrypts: certificates are judged as for every other engine.
/// </summary>
internal sealed class MongoSession : IAsyncDisposable
{
    /// <summary>Longest wait for <c>mongosh</c> itself, which a busy machine needs seconds to start.</summary>
    public static readonly TimeSpan StartLimit = TimeSpan.FromSeconds(30);

    private const string Mark = "@opsrunbook ";

    // More than fits into one answer of the server. Without it an answer ends after 101 documents.
    private const int BatchSize = 100_000;

    private readonly DatabaseTarget _target;
    private readonly PortForward _forward;
    private readonly CommandStream _shell;
    private readonly Channel<ReadOnlyMemory<byte>> _input;
    private readonly StreamReader _reader;
    private OpsException? _failure;

    private MongoSession(DatabaseTarget target, MongoHello hello, PortForward forward, CommandStream shell, Channel<ReadOnlyMemory<byte>> input)
    {
        _target = target;
        Hello = hello;
        _forward = forward;
        _shell = shell;
        _input = input;
        _reader = new StreamReader(shell.Output, Encoding.UTF8);
        Application = "OpsRunbook " + Convert.ToHexString(RandomNumberGenerator.GetBytes(6));
    }

    /// <summary>What the server said of itself before the login.</summary>
    public MongoHello Hello { get; }

    /// <summary>Name that our own connections have on the server, and no others.</summary>
    public string Application { get; }

    /// <summary>Starts <c>mongosh</c>, connects and logs in.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The session.</returns>
    /// <exception cref="OpsException">As <see cref="IDatabaseProbe.ReadAsync"/>; <c>Db.ToolMissing</c>, <c>Db.ToolFailed</c>.</exception>
    public static async Task<MongoSession> OpenAsync(DatabaseTarget target, CancellationToken cancellationToken) =>
        await OpenAsync(target, await MongoHello.ReadAsync(target, cancellationToken), cancellationToken);

    /// <summary>The same with a server that has greeted.</summary>
    /// <param name="target">Where the database is.</param>
    /// <param name="hello">What the server said.</param>
    /// <param name="cancellationToken">Ends the attempt.</param>
    /// <returns>The session.</returns>
    public static async Task<MongoSession> OpenAsync(DatabaseTarget target, MongoHello hello, CancellationToken cancellationToken)
    {
        if (target.HasLogin && (target.User is null || target.Password is null))
        {
            throw DatabaseErrors.LoginRefused(target.Text, target.User, $"there is a {(target.User is null ? "password without a user" : "user without a password")}.");
        }

        var input = Channel.CreateUnbounded<ReadOnlyMemory<byte>>(new UnboundedChannelOptions { SingleReader = true });
        var command = new HostCommand("mongosh", "--nodb", "--norc", "--quiet", "--file", ScriptFile())
        {
            FurtherInput = input.Reader.ReadAllAsync(CancellationToken.None),
        };
        CommandStream shell;
        try
        {
            shell = await new LocalHost().StartAsync(command, cancellationToken);
        }
        catch (OpsException error) when (error.Id == "Host.CommandNotFound")
        {
            throw new OpsException(
                "Db.ToolMissing",
                OpsErrorKind.NotInstalled,
                $"mongosh is not installed on this machine, and {target.Text} is asked through it.",
                "Install it with 'npm install --global mongosh', or as the package mongodb-mongosh of MongoDB, and see that it is in the PATH.",
                target.Text,
                error);
        }

        var forward = new PortForward(async token => (await MongoHello.ConnectAsync(target, token)).Stream);
        var session = new MongoSession(target, hello, forward, shell, input);
        try
        {
            await Deadline.RunAsync(StartLimit, session.AnswerAsync, () => session.ToolFailed($"it did not start within {Duration.Format(StartLimit)}."), cancellationToken);
            await session.AskAsync(new JsonObject { ["connect"] = session.Address() }, cancellationToken);
            return session;
        }
        catch
        {
            await session.DisposeAsync();
            throw;
        }
    }

    /// <summary>Runs one command of the database protocol.</summary>
    /// <param name="database">Database to run it in.</param>
    /// <param name="command">The command; its name is its first key. Names of others are values in it, never text of a program.</param>
    /// <param name="cancellationToken">Ends the wait, and with it the session.</param>
    /// <returns>The answer as relaxed Extended JSON.</returns>
    /// <exception cref="OpsException"><c>Db.Timeout</c>, <c>Db.Forbidden</c>, or what else the server said.</exception>
    public Task<JsonElement> RunAsync(string database, JsonObject command, CancellationToken cancellationToken) =>
        AskAsync(new JsonObject { ["database"] = database, ["command"] = command }, cancellationToken);

    /// <summary>Runs one command whose answer is a list of documents, and reads all of it.</summary>
    /// <param name="database">Database to run it in.</param>
    /// <param name="command">The command, without <c>cursor</c> and <c>batchSize</c>.</param>
    /// <param name="cancellationToken">Ends the wait, and with it the session.</param>
    /// <returns>The documents.</returns>
    public async Task<IReadOnlyList<JsonElement>> ListAsync(string database, JsonObject command, CancellationToken cancellationToken)
    {
        if (command.ContainsKey("find"))
        {
            command["batchSize"] = BatchSize;
        }
        else
        {
            command["cursor"] = new JsonObject { ["batchSize"] = BatchSize };
        }

        var found = await AskAsync(new JsonObject { ["database"] = database, ["command"] = command, ["batchSize"] = BatchSize }, cancellationToken);
        return found.EnumerateArray().ToList();
    }

    /// <inheritdoc/>
    public async ValueTask DisposeAsync()
    {
        _input.Writer.TryComplete();
        await _shell.DisposeAsync();
        await _forward.DisposeAsync();
        _reader.Dispose();
    }

    private static string ScriptFile() => Path.Combine(Path.GetDirectoryName(typeof(MongoSession).Assembly.Location)!, "MongoSession.js");

    private string Address()
    {
        var login = _target.HasLogin ? $"{Uri.EscapeDataString(_target.User!)}:{Uri.EscapeDataString(_target.Password!)}@" : string.Empty;
        var limit = Math.Ceiling(_target.Timeout.TotalMilliseconds).ToString(CultureInfo.InvariantCulture);
        return $"mongodb://{login}127.0.0.1:{_forward.Port.ToString(CultureInfo.InvariantCulture)}/?directConnection=true&maxPoolSize=1&retryReads=false&retryWrites=false"
            + $"&readPreference=primaryPreferred&serverSelectionTimeoutMS={limit}&connectTimeoutMS={limit}&appName={Uri.EscapeDataString(Application)}"
            + (_target.HasLogin ? $"&authSource={Uri.EscapeDataString(_target.LoginDatabase)}" : string.Empty);
    }

    private async Task<JsonElement> AskAsync(JsonObject question, CancellationToken cancellationToken)
    {
        if (_failure is not null)
        {
            throw _failure;
        }

        // Only ASCII: readline takes more characters for the end of a line than JSON does.
        _input.Writer.TryWrite(Encoding.UTF8.GetBytes(question.ToJsonString() + "\n"));
        JsonElement answer;
        try
        {
            answer = await Deadline.RunAsync(
                _target.Timeout, AnswerAsync, () => DatabaseErrors.FromEndpoint(EndpointErrors.Timeout(_target.Text, _target.Timeout, "answer")), cancellationToken);
        }
        catch (OpsException error)
        {
            // What is answered later would be taken for the answer to the next question.
            _failure = error;
            throw;
        }

        return answer.Member("error") is { } error_ ? throw Failure(error_) : answer.GetProperty("result");
    }

    private async Task<JsonElement> AnswerAsync(CancellationToken cancellationToken)
    {
        while (await _reader.ReadLineAsync(cancellationToken) is { } line)
        {
            if (line.StartsWith(Mark, StringComparison.Ordinal))
            {
                using var answer = JsonDocument.Parse(line.AsMemory(Mark.Length), new JsonDocumentOptions { MaxDepth = 512 });
                return answer.RootElement.Clone();
            }
        }

        var result = await _shell.EndAsync(cancellationToken);
        throw ToolFailed(CommandRedactor.RedactText(result.Summary is { Length: > 0 } says ? says : $"it ended with exit code {result.ExitCode}."));
    }

    private OpsException ToolFailed(string says) => new(
        "Db.ToolFailed", OpsErrorKind.OperationFailed, $"mongosh on this machine could not ask {_target.Text}: {says}", "Try: mongosh --nodb --version", _target.Text);

    private OpsException Failure(JsonElement error)
    {
        var says = CommandRedactor.RedactText(error.Text("message") ?? string.Empty);
        return error.Text("name") switch
        {
            "MongoServerError" => MongoErrors.FromCode((int)(error.Number("code") ?? 0), says, _target),

            // The driver only saw that its connection ended early; why the far one could not be made is known here.
            "MongoNetworkError" or "MongoNetworkTimeoutError" or "MongoServerSelectionError" or "MongoPoolClearedError" or "MongoPoolClearedOnNetworkError" or "MongoTopologyClosedError"
                or "MongoServerClosedError" => _forward.Failure ?? DatabaseErrors.ConnectionLost(_target.Text, says),
            _ when says.Contains("rfc4013", StringComparison.Ordinal) =>
                DatabaseErrors.LoginRefused(_target.Text, _target.User, "the password has a character that no password of MongoDB can have, such as the end of a line."),
            _ => DatabaseErrors.Failed(_target.Text, says),
        };
    }
}
