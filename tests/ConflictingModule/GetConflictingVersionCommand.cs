using System.Management.Automation;

namespace ConflictingModule;

/// <summary>Uses its own older packages, so that they are loaded into the default context.</summary>
[Cmdlet(VerbsCommon.Get, "ConflictingVersion")]
public sealed class GetConflictingVersionCommand : PSCmdlet
{
    /// <inheritdoc/>
    protected override void EndProcessing()
    {
        var yaml = new YamlDotNet.Serialization.DeserializerBuilder().Build();
        using var source = Npgsql.NpgsqlDataSource.Create("Host=127.0.0.1;Port=1");
        foreach (var type in new[] { yaml.GetType(), source.GetType() })
        {
            WriteObject(type.Assembly.GetName());
        }
    }
}
