# Tables, maintenance and queries in a session, on a PostgreSQL server of their own.
BeforeDiscovery {
    $script:Binaries = Get-ChildItem -Path '/usr/lib/postgresql/*/bin/initdb' -ErrorAction SilentlyContinue | Select-Object -Last 1 | ForEach-Object DirectoryName
    $script:Missing = -not $Binaries -or (id -u) -ne '0'
}

Describe 'Databases' -Skip:$Missing {
    BeforeAll {
        Import-Module "$PSScriptRoot/../../OpsRunbook.psd1" -Force
        $script:Binaries = Get-ChildItem -Path '/usr/lib/postgresql/*/bin/initdb' | Select-Object -Last 1 | ForEach-Object DirectoryName
        $script:Folder = (New-Item -ItemType Directory -Path "/tmp/opsrunbook-pester-$PID").FullName
        $listener = [System.Net.Sockets.TcpListener]::new([System.Net.IPAddress]::Loopback, 0)
        $listener.Start()
        $script:Port = $listener.LocalEndpoint.Port
        $listener.Stop()
        $script:Password = [guid]::NewGuid().ToString('N')
        Set-Content -LiteralPath "$Folder/password" -Value $Password
        chown -R postgres: $Folder
        $null = setpriv --reuid postgres --regid postgres --init-groups "$Binaries/initdb" -D "$Folder/data" -U postgres -A scram-sha-256 --pwfile "$Folder/password" --no-sync
        $null = setpriv --reuid postgres --regid postgres --init-groups "$Binaries/pg_ctl" -D "$Folder/data" -w -l "$Folder/log" -o "-p $Port -c listen_addresses=127.0.0.1 -c unix_socket_directories=$Folder -c fsync=off" start
        $script:Stack = "$Folder/opsrunbook.yaml"
        Set-Content -LiteralPath $Stack -Value @"
stack: pester
databases:
  db: { engine: postgres, server: 127.0.0.1, port: $Port, user: postgres, password: "`${file:$Folder/password}", database: postgres, timeout: 30s }
"@
        Invoke-DbQuery db 'CREATE TABLE "Orders" AS SELECT i AS id, ''order '' || i AS name FROM generate_series(1, 5000) i' -AllowWrite -Stack $Stack -Confirm:$false
        $null = Invoke-DbQuery db 'DELETE FROM "Orders" WHERE id % 2 = @rest' -Parameters @{ rest = 0 } -AllowWrite -Stack $Stack -Confirm:$false
    }

    AfterAll {
        $null = setpriv --reuid postgres --regid postgres --init-groups "$Binaries/pg_ctl" -D "$Folder/data" -w -m immediate stop
        Remove-Item -LiteralPath $Folder -Recurse -Force
    }

    It 'are maintained by what was found' {
        $plan = Get-DbTable db Orders -Stack $Stack | Invoke-DbMaintenance -Operation Analyze, VacuumFull -Stack $Stack -WhatIf
        $plan | ForEach-Object { $_ | Should -BeOfType OpsRunbook.OpsPlanStep }
        $plan.Action | Should -Be @('Analyze', 'VacuumFull')
        (Get-DbTable db Orders -Stack $Stack).Analyzed | Should -BeNullOrEmpty

        $done = Get-DbTable db Orders -Stack $Stack | Invoke-DbMaintenance -Operation Analyze, VacuumFull -Stack $Stack -Confirm:$false
        $done.Outcome | Should -Be @('Succeeded', 'Succeeded')
        $done[1].Freed | Should -BeGreaterThan 0
        (Get-DbTable db Orders -Stack $Stack).Analyzed | Should -BeOfType datetime
    }

    It 'export rows as they are, columns in order' {
        Invoke-DbQuery db 'SELECT name, id, NULL AS nothing FROM "Orders" WHERE id <= :max ORDER BY id' -Parameters @{ max = 5 } -Stack $Stack | Export-Csv "$Folder/out.csv"
        Get-Content "$Folder/out.csv" | Should -Be @('"name","id","nothing"', '"order 1","1",', '"order 3","3",', '"order 5","5",')
        $row = Invoke-DbQuery db 'SELECT 1 AS a, 2.5 AS b, now() AS c' -Stack $Stack
        $row.a | Should -BeOfType int
        $row.b | Should -BeOfType decimal
        $row.c.Kind | Should -Be 'Utc'
    }

    It 'end a query that the pipeline wants no more of' {
        (Invoke-DbQuery db 'SELECT generate_series(1, 2000000000) AS n' -Stack $Stack | Select-Object -First 2).n | Should -Be @(1, 2)
        $left = 1
        foreach ($attempt in 1..100) {
            $left = (Invoke-DbQuery db 'SELECT count(*)::int AS n FROM pg_stat_activity WHERE query LIKE ''%2000000000)%'' AND state = ''active'' AND pid <> pg_backend_pid()' -Stack $Stack).n
            if ($left -eq 0) { break }
            Start-Sleep -Milliseconds 100
        }
        $left | Should -Be 0
    }

    It 'refuse to write, and say so' {
        { Invoke-DbQuery db 'DELETE FROM "Orders"' -Stack $Stack -ErrorAction Stop } | Should -Throw -ErrorId 'Db.Failed,*'
        (Invoke-DbQuery db 'SELECT count(*)::int AS n FROM "Orders"' -Stack $Stack).n | Should -Be 2500
    }

    It 'fit 120 columns' {
        foreach ($command in { Get-DbTable db -Stack $Stack }, { Get-DbIndex db -Stack $Stack }, { Invoke-DbMaintenance db -Operation Vacuum -Stack $Stack -Confirm:$false }) {
            (& $command | Out-String -Width 120) -split "`n" | ForEach-Object { ($_ -replace "`e\[[0-9;]*m").TrimEnd().Length | Should -BeLessOrEqual 120 }
        }
    }
}
