using System.Collections;
using System.Management.Automation;
using OpsRunbook.Engine;

namespace OpsRunbook.Cmdlets.Tests;

public enum Colour
{
    Red,
    Green,
    Grey,
}

/// <summary>An output type without a view.</summary>
public sealed class Plate
{
    public string Name { get; init; } = string.Empty;

    public Colour Colour { get; init; }

    public TimeSpan Age { get; init; }

    public DateTime At { get; init; }

    public double Ratio { get; init; }

    public string[] Tags { get; init; } = [];

    public Plate? Inner { get; init; }

    public override string ToString() => $"plate {Name}";
}

/// <summary>Echoes what was bound, one line for each parameter.</summary>
[Cmdlet("Test", "Binding", DefaultParameterSetName = "Name", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.Medium)]
[OutputType(typeof(string))]
internal sealed class TestBindingCommand : OpsCmdlet
{
    [Parameter(Position = 0, ValueFromPipeline = true, ValueFromPipelineByPropertyName = true, ParameterSetName = "Name")]
    [Alias("ServiceName", "sn")]
    public string[]? Name { get; set; }

    [Parameter(Position = 0, Mandatory = true, ParameterSetName = "Uri")]
    public Uri? Uri { get; set; }

    [Parameter(Position = 1)]
    public string? Text { get; set; }

    [Parameter(ValueFromPipelineByPropertyName = true)]
    [ValidateRange(1, 65535)]
    public int Port { get; set; }

    [Parameter]
    [ValidateSet("get", "head")]
    public string Method { get; set; } = "get";

    [Parameter]
    [DurationTransform]
    public TimeSpan Timeout { get; set; }

    [Parameter]
    [SizeTransform]
    public long Minimum { get; set; }

    [Parameter]
    public DateTime? Since { get; set; }

    [Parameter]
    public Colour[] Colour { get; set; } = [];

    [Parameter]
    public int[]? Code { get; set; }

    [Parameter]
    public Hashtable? Header { get; set; }

    [Parameter]
    public bool Flag { get; set; }

    [Parameter]
    [ValidateNotNullOrEmpty]
    public object? Stack { get; set; }

    [Parameter]
    public SwitchParameter Watch { get; set; }

    [Parameter]
    public PSCredential? Credential { get; set; }

    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        async Task Say(string name, object? value)
        {
            if (IsBound(name))
            {
                var text = value is IEnumerable list and not string and not IDictionary ? string.Join('|', list.Cast<object>()) : value;
                await output.WriteAsync(FormattableString.Invariant($"{name}={text}"), cancellationToken);
            }
        }

        await Say(nameof(Name), Name);
        await Say(nameof(Uri), Uri);
        await Say(nameof(Text), Text);
        await Say(nameof(Port), Port);
        await Say(nameof(Method), Method);
        await Say(nameof(Timeout), Timeout);
        await Say(nameof(Minimum), Minimum);
        await Say(nameof(Since), Since is null ? null : $"{Since:yyyy-MM-ddTHH:mm:ss} {Since.Value.Kind}");
        await Say(nameof(Colour), Colour);
        await Say(nameof(Code), Code);
        await Say(nameof(Header), Header is null ? null : string.Join('|', Header.Keys.Cast<string>().Order(StringComparer.Ordinal).Select(key => $"{key}:{Header[key]}:{Header[key]?.GetType().Name}")));
        await Say(nameof(Flag), Flag);
        await Say(nameof(Stack), Stack);
        await Say(nameof(Watch), On(Watch));
        if (Credentials(Credential) is { } credential)
        {
            await Say(nameof(Credential), $"{credential.UserName}:{credential.Password}");
        }
    }
}

/// <summary>Takes objects as <c>Stop-</c> commands do.</summary>
[Cmdlet("Stop", "Plate", SupportsShouldProcess = true, ConfirmImpact = ConfirmImpact.High)]
[OutputType(typeof(string))]
internal sealed class StopPlateCommand : OpsCmdlet
{
    [Parameter(Mandatory = true, ValueFromPipelineByPropertyName = true)]
    public string Name { get; set; } = string.Empty;

    [Parameter(ValueFromPipelineByPropertyName = true)]
    public Colour Colour { get; set; } = Colour.Grey;

    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        if (Name == "bad")
        {
            output.Error(new OpsException("Plate.Bad", OpsErrorKind.NotFound, "The plate 'bad' cannot be stopped.", "Leave it.", Name));
            return;
        }

        if (await output.ConfirmAsync(Name, "Stop plate", cancellationToken))
        {
            await output.WriteAsync($"stopped {Name} {Colour}", cancellationToken);
        }
    }

    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        await output.WriteAsync("end", cancellationToken);
}

/// <summary>Writes whole objects it was given.</summary>
[Cmdlet("Copy", "Plate")]
[OutputType(typeof(ServiceHealth))]
internal sealed class CopyPlateCommand : OpsCmdlet
{
    [Parameter(Mandatory = true, ValueFromPipeline = true)]
    public object? InputObject { get; set; }

    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        await output.WriteAsync(InputObject!, cancellationToken);
}

[Cmdlet("Get", "Plate")]
[OutputType(typeof(Plate))]
internal sealed class GetPlateCommand : OpsCmdlet
{
    [Parameter]
    public int Count { get; set; } = 1;

    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        for (var i = 1; i <= Count; i++)
        {
            await output.WriteAsync(
                new Plate
                {
                    Name = $"p{i}, \"x\"",
                    Colour = Colour.Green,
                    Age = TimeSpan.FromSeconds(90.5),
                    At = new DateTime(2026, 1, 23, 10, 30, 0, DateTimeKind.Utc),
                    Ratio = i == 1 ? double.NaN : 0.5,
                    Tags = ["a", "b"],
                    Inner = new Plate { Name = "\ud800\u001b[31m" },
                },
                cancellationToken);
        }
    }
}

/// <summary>Writes the statuses it is told to, and an error for each <c>error</c>.</summary>
[Cmdlet("Get", "TestHealth")]
[OutputType(typeof(ServiceHealth))]
internal sealed class GetTestHealthCommand : OpsCmdlet
{
    [Parameter(Position = 0)]
    public string[] Status { get; set; } = [];

    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        foreach (var status in Status)
        {
            if (status == "error")
            {
                output.Error(new OpsException("Test.Failed", OpsErrorKind.Connection, "The check of 'x' failed.", "Try again.", "x"));
                continue;
            }

            if (status == "end")
            {
                throw new OpsException("Test.Ended", OpsErrorKind.NotFound, "There is no such stack.", "Name another.");
            }

            await output.WriteAsync(
                new ServiceHealth
                {
                    Status = Enum.Parse<HealthStatus>(status),
                    Name = "api\u001b[31m",
                    Kind = MemberKind.Service,
                    Message = new string('m', 100),
                    Latency = TimeSpan.FromMilliseconds(12),
                    CheckedAt = new DateTime(2026, 1, 23, 10, 30, 0, DateTimeKind.Utc),
                },
                cancellationToken);
        }
    }
}

/// <summary>Writes without end until it is stopped, and says then that it has cleaned up.</summary>
[Cmdlet("Watch", "Test")]
[OutputType(typeof(string))]
internal sealed class WatchTestCommand : OpsCmdlet
{
    [Parameter]
    [DurationTransform]
    public TimeSpan Every { get; set; } = TimeSpan.FromMilliseconds(20);

    protected override async Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        try
        {
            for (var i = 1; ; i++)
            {
                await output.WriteAsync($"line {i}", cancellationToken);
                await Task.Delay(Every, cancellationToken);
            }
        }
        finally
        {
            await Console.Error.WriteLineAsync("cleaned up");
        }
    }
}

[Cmdlet("Invoke", "Defect")]
internal sealed class InvokeDefectCommand : OpsCmdlet
{
    protected override Task ProcessAsync(IOperationOutput output, CancellationToken cancellationToken) =>
        throw new InvalidOperationException("boom");
}
