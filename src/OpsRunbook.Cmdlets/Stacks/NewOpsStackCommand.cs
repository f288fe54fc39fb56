using System.Management.Automation;
using System.Text;
using OpsRunbook.Engine;
using OpsRunbook.Engine.Hosts;
using OpsRunbook.Engine.Stacks;

namespace OpsRunbook.Cmdlets;

/// <summary>Writes a stack file: of what runs on this machine, of a compose file, or of a pm2 ecosystem.</summary>
[Cmdlet(VerbsCommon.New, "OpsStack", SupportsShouldProcess = true, DefaultParameterSetName = "Discover")]
[OutputType(typeof(OpsStack))]
public sealed class NewOpsStackCommand : OpsCmdlet
{
    /// <summary>File to write; <c>opsrunbook.yaml</c> in the working directory by default.</summary>
    [Parameter(Position = 0)]
    [ValidateNotNullOrEmpty]
    public string Path { get; set; } = "opsrunbook.yaml";

    /// <summary>Describe what is found on this machine.</summary>
    [Parameter(ParameterSetName = "Discover")]
    public SwitchParameter Discover { get; set; }

    /// <summary>Compose file to describe.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Compose")]
    [ValidateNotNullOrEmpty]
    public string FromCompose { get; set; } = string.Empty;

    /// <summary>pm2 ecosystem file (<c>.js</c>, <c>.cjs</c>, <c>.mjs</c>, <c>.json</c>), or a file with the output of <c>pm2 jlist</c>.</summary>
    [Parameter(Mandatory = true, ParameterSetName = "Pm2")]
    [ValidateNotNullOrEmpty]
    public string FromPm2 { get; set; } = string.Empty;

    /// <summary>Name of the stack; by default that of the machine, the compose project, or the folder.</summary>
    [Parameter]
    [ValidateNotNullOrEmpty]
    public string Name { get; set; } = string.Empty;

    /// <summary>Replace a file that is there.</summary>
    [Parameter]
    public SwitchParameter Force { get; set; }

    /// <inheritdoc/>
    protected override async Task EndAsync(IOperationOutput output, CancellationToken cancellationToken)
    {
        ArgumentNullException.ThrowIfNull(output);
        var path = Absolute(Path);
        if (System.IO.Path.GetExtension(path) is not (".yaml" or ".yml"))
        {
            throw new OpsException("Stack.PathInvalid", OpsErrorKind.InvalidArgument, $"{path} is no name for a stack file.", "Stack files are written as YAML: let the name end with .yaml or .yml.", path);
        }

        if (File.Exists(path) && !On(Force))
        {
            throw new OpsException("Stack.FileExists", OpsErrorKind.Refused, $"{path} is there already.", "Choose another name, or replace it with -Force.", path);
        }

        await using var host = HostFactory.Create(LocalHost.LocalName, new OpsStack());
        var stack = IsBound(nameof(FromCompose)) ? await ComposeImport.ReadAsync(Absolute(FromCompose), Given(Name), output, cancellationToken)
            : IsBound(nameof(FromPm2)) ? await Pm2Import.ReadAsync(host, Absolute(FromPm2), Given(Name), output, cancellationToken)
            : await StackDiscovery.DiscoverAsync(host, output, cancellationToken);
        stack.Name = Given(Name) ?? stack.Name;
        var text = StackWriter.Write(stack);
        if (await output.ConfirmAsync(path, "Write the stack file", cancellationToken))
        {
            await host.WriteFileAsync(path, Encoding.UTF8.GetBytes(text), cancellationToken);
            stack.Path = path;
        }

        // Under -WhatIf this is the plan: the stack that would be written.
        await output.WriteAsync(stack, cancellationToken);
    }

    private string Absolute(string path) => System.IO.Path.GetFullPath(path, WorkingDirectory);

    private static string? Given(string text) => text.Length == 0 ? null : text;
}
