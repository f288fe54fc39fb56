using System.Text.Json;

namespace OpsRunbook.ConsoleRunner.Binding;

/// <summary>Binds pipeline items to the parameters that take them and were not given on the command line.</summary>
internal sealed class PipelineBinder
{
    private readonly BoundCommand _call;
    private readonly object _cmdlet;
    private readonly List<(ParameterShape Parameter, ParameterRole Role, object? Original)> _open;

    /// <summary>Prepares for the items of one call.</summary>
    /// <param name="call">The call.</param>
    /// <param name="cmdlet">The cmdlet's instance, with the command line already bound.</param>
    public PipelineBinder(BoundCommand call, object cmdlet)
    {
        _call = call;
        _cmdlet = cmdlet;
        _open =
        [
            .. call.Command.Parameters
                .Where(parameter => !parameter.IsCredential && !call.Values.ContainsKey(parameter.Name))
                .Select(parameter => (Parameter: parameter, Role: parameter.RoleIn(call.Set), Original: parameter.Property.GetValue(cmdlet)))
                .Where(open => open.Role is { ByValue: true } or { ByPropertyName: true })
                .Select(open => (open.Parameter, open.Role!, open.Original)),
        ];
    }

    /// <summary>Binds one item; whatever the item before it had bound is undone.</summary>
    /// <param name="item">The item.</param>
    /// <exception cref="OpsException"><c>Input.NotBound</c>: no parameter takes it, or one is still missing.</exception>
    public void Bind(JsonElement item)
    {
        foreach (var (parameter, _, original) in _open)
        {
            _call.Values.Remove(parameter.Name);
            parameter.Property.SetValue(_cmdlet, original);
        }

        BindByValue(item);
        if (item.ValueKind == JsonValueKind.Object)
        {
            BindByName(item);
        }

        if (!_open.Exists(open => _call.Values.ContainsKey(open.Parameter.Name)))
        {
            throw NotBound(item, _open.Count == 0 ? "the command takes no input beside what its command line says" : "none of its properties has the name of a parameter that takes input", null);
        }

        if (_call.AwaitsFromPipeline.FirstOrDefault(parameter => !_call.Values.ContainsKey(parameter.Name)) is { } missing)
        {
            throw NotBound(item, $"it gives no -{missing.Name}", null);
        }
    }

    private void BindByValue(JsonElement item)
    {
        FormatException? failure = null;
        foreach (var parameter in _open.Where(open => open.Role.ByValue && Fits(item, open.Parameter)).Select(open => open.Parameter))
        {
            try
            {
                Set(parameter, item);
                return;
            }
            catch (FormatException error)
            {
                failure ??= error;
            }
        }

        if (failure is not null && !(item.ValueKind == JsonValueKind.Object && _open.Exists(open => open.Role.ByPropertyName)))
        {
            throw NotBound(item, failure.Message, failure);
        }
    }

    private void BindByName(JsonElement item)
    {
        foreach (var (parameter, role, _) in _open)
        {
            if (!role.ByPropertyName || _call.Values.ContainsKey(parameter.Name) || Property(item, parameter) is not { } value)
            {
                continue;
            }

            try
            {
                Set(parameter, value);
            }
            catch (FormatException error)
            {
                throw NotBound(item, $"-{parameter.Name} cannot be bound: {error.Message}", error);
            }
        }
    }

    private void Set(ParameterShape parameter, JsonElement item)
    {
        var value = PipelineItem.Convert(item, parameter);
        ValueValidator.Check(parameter, value);
        if (!parameter.IsSwitch)
        {
            parameter.Property.SetValue(_cmdlet, value);
        }

        _call.Values[parameter.Name] = value;
    }

    // A whole object is for a parameter that takes objects; its text would fit any text parameter and mean nothing.
    private static bool Fits(JsonElement item, ParameterShape parameter)
    {
        var type = parameter.ElementType;
        var takesObjects = type == typeof(object) || parameter.IsHashtable || !(type.Namespace ?? string.Empty).StartsWith("System", StringComparison.Ordinal) && !type.IsEnum;
        return item.ValueKind != JsonValueKind.Null && (item.ValueKind != JsonValueKind.Object || takesObjects);
    }

    private static JsonElement? Property(JsonElement item, ParameterShape parameter)
    {
        foreach (var name in parameter.Aliases.Prepend(parameter.Name))
        {
            foreach (var property in item.EnumerateObject())
            {
                if (string.Equals(property.Name, name, StringComparison.OrdinalIgnoreCase) && property.Value.ValueKind != JsonValueKind.Null)
                {
                    return property.Value;
                }
            }
        }

        return null;
    }

    private OpsException NotBound(JsonElement item, string cause, Exception? inner)
    {
        const int Longest = 80;
        var text = item.GetRawText();
        return new OpsException(
            "Input.NotBound",
            OpsErrorKind.InvalidArgument,
            $"The input {(text.Length > Longest ? text[..Longest] + "…" : text)} cannot be used: {cause.TrimEnd('.')}.",
            $"'opsrunbook help {_call.Command.Name}' says which parameters take pipeline input.",
            innerException: inner);
    }
}
